import { expect, test } from "vitest";
import { blamedProxy } from "./proxies.js";

test.each([
  ["proxyconnect tcp: dial tcp 10.1.1.1:3128: connect: connection refused", "10.1.1.1:3128"],
  [
    "proxyconnect tcp: dial tcp: lookup squid.example on 10.0.0.1:53: no such host",
    "squid.example",
  ],
  ["proxyconnect tcp: read tcp 10.0.0.2:5->10.1.1.1:3128: read: reset", "10.1.1.1:3128"],
  ["socks connect tcp 10.1.1.1:1080->github.com:443: dial tcp 10.1.1.1:1080: x", "10.1.1.1:1080"],
  ["Could not resolve proxy: squid.example", "squid.example"],
  ["Couldn't resolve proxy name: squid.example", "squid.example"],
  ["Failed to connect to squid.example port 3128 after 7 ms: x", "squid.example:3128"],
  ["Failed to connect to squid.example port 443: Connection timed out", "squid.example"],
  ["Failed to connect to 10.1.1.1 port 443: Connection timed out", "10.1.1.1:443"],
  ["Failed to connect to github.com port 443 via squid.example after 9 ms: x", "squid.example"],
])("finds the proxy in %j", (text, proxy) => {
  expect(blamedProxy(`unable to access 'https://github.com/a/': ${text}`, "github.com")).toBe(
    proxy,
  );
});

test.each([
  "Failed to connect to github.com port 443 after 9 ms: Couldn't connect to server",
  "Could not resolve host: github.com",
  "unknown error host unreachable",
])("the contacted host is not a proxy: %j", (text) => {
  expect(blamedProxy(text, "github.com")).toBeUndefined();
});

test("without a URL an address is not taken for a proxy", () => {
  expect(blamedProxy("Failed to connect to x.example port 80", undefined)).toBeUndefined();
});
