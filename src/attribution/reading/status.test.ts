import { expect, test } from "vitest";
import { readStatus, readStatusBehindAddress, withoutReasons } from "./status.js";

test.each([
  ["unexpected status from head request to https://a/: 503 service unavailable", 503],
  ["status code: 404", 404],
  ["status code [manifests 20.10]: 429 too many requests", 429],
  ["the requested url returned error: 502", 502],
  ["error: rpc failed; http 500 curl 22", 500],
  ["https response error statuscode: 403, requestid", 403],
  ['{"status":504}', 504],
  ["http/1.1 401 unauthorized", 401],
  ["http error 504: gateway timeout", 504],
  ["503", 503],
  ["dial tcp 203.0.113.4:443: i/o timeout", undefined],
  ["wrote only 4096 of 10240 bytes", undefined],
  ["exit status 128", 128],
  ["invalid response status 530 <none>", 530],
  ["request failed: 521 something of a proxy", 521],
  ["https://a/: 511 network authentication required", 511],
  ["pause:503 not found", undefined],
  ["a/b:429: not found", undefined],
  ["/src/503 not found", undefined],
  ["error:500-alpine", undefined],
  ["failed to connect to proxy port 443: connection timed out", undefined],
  ["copied: 500 bytes", undefined],
])("the status in %j is %s", (line, status) => {
  expect(readStatus(line)?.status).toBe(status);
});

test("after an address any three-digit number is a status, unless it is part of a name", () => {
  expect(readStatusBehindAddress('": 520 anything')?.status).toBe(520);
  expect(readStatusBehindAddress(" - 503")?.status).toBe(503);
  expect(readStatusBehindAddress(": 503.example.com")).toBeUndefined();
  expect(readStatusBehindAddress(": 5030")).toBeUndefined();
});

test("blots out a reason phrase, but not the text after it", () => {
  expect(withoutReasons("invalid response status 503 backend fetch failed")).toBe(
    "invalid response status 503 ____________________",
  );
  expect(withoutReasons("unexpected status 500: incompatible client version")).toBe(
    "unexpected status 500: incompatible client version",
  );
  expect(withoutReasons("request to https://a/: 502 fetch failed: body")).toBe(
    "request to https://a/: 502 ____________: body",
  );
});
