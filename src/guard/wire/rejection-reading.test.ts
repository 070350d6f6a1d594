import { expect, test } from "vitest";
import { readRequest } from "../../attribution/query/read-request.js";
import { CircuitBreakerOpenError, type RejectionReason } from "../../breaker/errors.js";
import { isTimeoutError, TimeoutError } from "../../policies/timeout.js";
import { isSessionLostError, SessionLostError } from "../errors.js";
import { engineFault } from "../judgement/engine-fault.js";
import { recordOf } from "../judgement/failure-record.js";
import { rejectionAnswer } from "./rejection-answer.js";
import { rejectionIn, rejectionInText } from "./rejection-reading.js";

const PULL = readRequest({ query: '{ container { from(address: "alpine") { sync } } }' });

function openError(reason: RejectionReason, retryAfterMs?: number): CircuitBreakerOpenError {
  return new CircuitBreakerOpenError({
    breakerName: "registry:localhost:5000",
    state: reason === "probing" ? "half-open" : "open",
    reason,
    retryAfterMs,
    generation: 3,
    isolationReason: reason === "isolated" ? "moved, ask Ann" : undefined,
    cause: undefined,
  });
}

/** Sends an error as the body of an answer and reads it back. */
function afterTravelling(error: unknown) {
  return rejectionIn({ status: 200, body: JSON.stringify(rejectionAnswer(error, PULL)) });
}

test.each([
  ["open", 41_200],
  ["probing", 900],
  ["isolated", undefined],
] as const)(
  "a rejection by a circuit that is %s is the same after the transport",
  (reason, retryAfterMs) => {
    const error = openError(reason, retryAfterMs);
    const read = afterTravelling(error) as CircuitBreakerOpenError;
    expect(read).toBeInstanceOf(CircuitBreakerOpenError);
    expect(read.message).toBe(error.message);
    const { breakerName, state, isolationReason, code, refused } = error;
    expect(read).toMatchObject({ breakerName, state, reason, code, refused });
    expect([read.retryAfterMs, read.isolationReason]).toEqual([retryAfterMs, isolationReason]);
  },
);

test("other rejecting breakers stay in the message", () => {
  const error = openError("open", 2000);
  error.message += "; also rejected by git:github.com";
  expect(afterTravelling(error)?.message).toBe(error.message);
});

test("a timeout keeps its milliseconds, and a lost session its message", () => {
  const timeout = afterTravelling(new TimeoutError(1500));
  expect(isTimeoutError(timeout) && timeout.timeoutMs).toBe(1500);
  const lost = new SessionLostError(recordOf(engineFault("x", "It went away.")));
  const read = afterTravelling(lost);
  expect(isSessionLostError(read) && read.message).toBe(lost.message);
});

test("a program's output shows which circuit rejected, to the second", () => {
  const read = rejectionInText(
    "connecting...\ndagger-breaker: circuit open: engine, retry in 42s\nbye",
  );
  expect(read).toMatchObject({ breakerName: "engine", reason: "open", retryAfterMs: 42_000 });
  expect(read?.message).toBe("circuit open: engine, retry in 42s");
  expect(rejectionInText("Error: start engine: no circuit")).toBeUndefined();
});

const REFUSAL = JSON.stringify(rejectionAnswer(openError("open", 5), PULL));

test.each([
  ["of another status", { status: 503, body: REFUSAL }],
  ["that is no JSON", { status: 200, body: `${REFUSAL}}` }],
  ["without a body", { status: 200 }],
  ["of data", { status: 200, body: '{"data":{"_type":"CIRCUIT_OPEN"}}' }],
  ["with data beside", { status: 200, body: REFUSAL.replace("null", "{}") }],
  ["of a command", { status: 200, body: REFUSAL.replace("CIRCUIT_OPEN", "EXEC_ERROR") }],
  ["without an upstream", { status: 200, body: REFUSAL.replace('"upstream"', '"host"') }],
  ["without a reason", { status: 200, body: REFUSAL.replace('"reason"', '"why"') }],
])("an answer %s is the session's own", (_of, answer) => {
  expect(rejectionIn(answer)).toBeUndefined();
});
