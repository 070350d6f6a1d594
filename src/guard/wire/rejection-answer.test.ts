import { expect, test } from "vitest";
import { readRequest } from "../../attribution/query/read-request.js";
import { CircuitBreakerOpenError } from "../../breaker/errors.js";
import { TimeoutError } from "../../policies/timeout.js";
import { WaitersFullError } from "../../policies/wait.js";
import { SessionLostError } from "../errors.js";
import { engineFault } from "../judgement/engine-fault.js";
import { recordOf } from "../judgement/failure-record.js";
import { rejectionAnswer } from "./rejection-answer.js";

const PULL = readRequest({ query: '{ c: container { from(address: "alpine") { sync } } }' });

function openError(breakerName: string, retryAfterMs?: number): CircuitBreakerOpenError {
  return new CircuitBreakerOpenError({
    breakerName,
    state: "open",
    reason: retryAfterMs === undefined ? "isolated" : "open",
    retryAfterMs,
    generation: 1,
    isolationReason: retryAfterMs === undefined ? "maintenance" : undefined,
    cause: undefined,
  });
}

test("answers a rejected pull with one error at the path of the image, with only texts as extensions", () => {
  expect(rejectionAnswer(openError("registry:docker.io", 41_200.5), PULL)).toEqual({
    data: null,
    errors: [
      {
        message: "circuit open: registry:docker.io, retry in 42s",
        path: ["container", "from"],
        extensions: {
          _type: "CIRCUIT_OPEN",
          upstream: "registry:docker.io",
          reason: "open",
          retryAfterMs: "41201",
        },
      },
    ],
  });
});

test("reports an upstream that the request does not name at its first field", () => {
  const answer = rejectionAnswer(openError("git:github.com", 1000), PULL);
  expect(answer?.errors[0].path).toEqual(["container"]);
});

test("an isolated circuit states no delay", () => {
  const answer = rejectionAnswer(openError("engine"), PULL);
  expect(answer?.errors[0]).toEqual({
    message: "circuit isolated: engine, maintenance",
    path: ["container"],
    extensions: {
      _type: "CIRCUIT_OPEN",
      upstream: "engine",
      reason: "isolated",
      isolationReason: "maintenance",
    },
  });
});

test("a call over the bound of waiting calls is rejected by their circuit", () => {
  const error = new WaitersFullError(openError("engine", 5000), 100);
  expect(rejectionAnswer(error, PULL)?.errors[0].extensions).toEqual({
    _type: "CIRCUIT_OPEN",
    upstream: "engine",
    reason: "open",
    retryAfterMs: "5000",
  });
});

test("a timeout and a lost session have types of their own", () => {
  const lost = new SessionLostError(recordOf(engineFault("x", "It went away.")));
  expect(rejectionAnswer(new TimeoutError(20), PULL)?.errors[0].extensions._type).toBe("TIMED_OUT");
  expect(rejectionAnswer(lost, PULL)?.errors[0].extensions._type).toBe("SESSION_LOST");
});

test("another error has no such answer, and a request that is not a query has no path", () => {
  expect(rejectionAnswer(new Error("ECONNRESET"), PULL)).toBeUndefined();
  expect(rejectionAnswer(undefined, PULL)).toBeUndefined();
  expect(rejectionAnswer(openError("engine", 1), readRequest(""))?.errors[0].path).toEqual([]);
});
