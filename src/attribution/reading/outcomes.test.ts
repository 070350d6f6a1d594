import { expect, test } from "vitest";
import { readEnding } from "./outcomes.js";

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
  expect(readEnding(text)?.outcome).toBe(outcome);
});

test("the last line with an outcome decides, unless it reports a mere consequence", () => {
  expect(readEnding("status: 503\nstatus: 404")?.outcome).toBe("missing");
  expect(readEnding("status: 503\ncontext canceled")?.outcome).toBe("server-error");
  expect(readEnding("context deadline exceeded\ncontext canceled")?.outcome).toBe("cancelled");
});

test("a certificate error after a server's 5xx does not concern that server's own certificate", () => {
  expect(readEnding("response status 503 certificate has expired")?.outcome).toBe("server-error");
  expect(readEnding("x509: certificate has expired: status 503")?.outcome).toBe(
    "expired-certificate",
  );
});

test("the number right after the address is the status, whatever follows", () => {
  expect(readEnding(": 530 <none>: error code: 404", true)).toEqual({
    outcome: "server-error",
    status: 530,
  });
  expect(readEnding('": dial tcp 10.0.0.1:503: i/o timeout', true)?.outcome).toBe("timeout");
});
