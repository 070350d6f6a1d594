import { expect, test } from "vitest";
import { listenAddress } from "./listen-address.js";

test.each([
  ["127.0.0.1:7420", { host: "127.0.0.1", port: 7420 }],
  ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
  ["fleet.example:65535", { host: "fleet.example", port: 65_535 }],
  ["[::1]:80", { host: "::1", port: 80 }],
])("%s is an address", (text, expected) => {
  expect(listenAddress(text)).toEqual(expected);
});

test.each([
  "",
  "7420",
  ":7420",
  "host",
  "host:",
  "host:65536",
  "host:123456",
  "::1:80",
  "[host]:80",
  "[1:2]:80",
  "http://host:80",
  "a b:80",
])("%j is not an address", (text) => {
  expect(() => listenAddress(text)).toThrow("expected HOST:PORT");
});
