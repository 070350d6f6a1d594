import { expect, test } from "vitest";
import { readEnding, readStatus } from "./outcomes.js";
import { WordText } from "./words.js";

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
])("the status in %j is %s", (line, status) => {
  expect(readStatus(line)).toBe(status);
});

test.each([
  ["429 too many requests", "limited"],
  ["pull access denied for x: denied: request exceeded pull rate limit", "limited"],
  ["x509: certificate has expired", "expired-certificate"],
  ["x509: certificate signed by unknown authority", "untrusted-certificate"],
  ["status: 403 forbidden", "denied"],
  ["status: 404 not found", "missing"],
  ["status: 413", "rejected"],
  ["status: 408", "timeout"],
  ["status: 502", "server-error"],
  ["tls handshake timeout", "timeout"],
  ["connect: connection refused", "unreachable"],
  ["lookup a on b: no such host", "unreachable"],
  ["unexpected eof", "interrupted"],
  ["eof", "interrupted"],
  ["context canceled", "cancelled"],
  ["context deadline exceeded", "deadline"],
  ["all is well", undefined],
  ["", undefined],
])("%j ended as: %s", (text, outcome) => {
  expect(readEnding(new WordText(text))?.outcome).toBe(outcome);
});

test("the last line that tells decides, unless it tells only of a consequence", () => {
  expect(readEnding(new WordText("status: 503\nstatus: 404"))?.outcome).toBe("missing");
  expect(readEnding(new WordText("status: 503\ncontext canceled"))?.outcome).toBe("server-error");
  expect(readEnding(new WordText("context deadline exceeded\ncontext canceled"))?.outcome).toBe(
    "cancelled",
  );
});
