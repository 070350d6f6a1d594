import { expect, test } from "vitest";
import { loopbackExceptions } from "./loopback-proxy.js";

test.each([
  [{}, {}],
  [{ NO_PROXY: "a.example", HTTP_PROXY: " " }, {}],
  [
    { HTTP_PROXY: "http://p:1" },
    { NO_PROXY: "127.0.0.1,localhost", no_proxy: "127.0.0.1,localhost" },
  ],
  [
    { all_proxy: "socks5://p:1", no_proxy: "a.example," },
    { NO_PROXY: "a.example,127.0.0.1,localhost", no_proxy: "a.example,127.0.0.1,localhost" },
  ],
  [
    { https_proxy: "http://p:1", NO_PROXY: "a.example", no_proxy: "localhost, b.example" },
    { NO_PROXY: "a.example,127.0.0.1,localhost", no_proxy: "localhost, b.example,127.0.0.1" },
  ],
  [
    { http_proxy: "http://p:1", NO_PROXY: "*" },
    { NO_PROXY: "*", no_proxy: "*" },
  ],
])("excludes the loopback in %j by %j", (env, expected) => {
  expect(loopbackExceptions(env)).toEqual(expected);
});
