import { expect, test } from "vitest";
import { LIMITED, OWN_FAULT } from "../../../tests/cli/run/sample-run.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { RequestProblem } from "../../proxy/sessions/session-progress.js";
import { failedSession, type SessionFacts, sessionRun } from "./session-run.js";

const CLOSED: SessionFacts = {
  end: { exitCode: 0, signal: undefined, opened: true },
  openProblem: undefined,
  isBusy: false,
  startMs: 1000,
  durationMs: 2000,
  waitedMs: 5,
  avoidedMs: 6,
};
const NOT_OPENED = { exitCode: 1, signal: undefined, opened: false };

function after(problem: RequestProblem, over: Partial<SessionFacts> = {}): SessionFacts {
  return { ...CLOSED, openProblem: { problem, atMs: 1700 }, ...over };
}

function signaled(signal: NodeJS.Signals, over: Partial<SessionFacts> = {}): SessionFacts {
  return { ...CLOSED, end: { exitCode: 143, signal, opened: true }, ...over };
}

const failed: RequestProblem = { kind: "failed", failure: LIMITED };
const rejected = (type: "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST", circuit: string) =>
  after({ kind: "rejected", rejection: { type, circuit } });
const tooLate = { kind: "failed", failure: SESSION_TOO_LATE } as const;
const unknown = { kind: "failed", failure: { ...LIMITED, fault: "unknown" } } as const;

test.each<readonly [string, SessionFacts, string, string | null]>([
  ["closed by the end of its input", CLOSED, "success", null],
  ["closed by SIGTERM without a running request", signaled("SIGTERM"), "success", null],
  [
    "ended by SIGTERM while a request runs",
    signaled("SIGTERM", { isBusy: true }),
    "cancellation",
    null,
  ],
  ["ended by Ctrl-C", signaled("SIGINT"), "cancellation", null],
  [
    "whose terminal went away after a failure",
    after(failed, signaled("SIGHUP")),
    "cancellation",
    null,
  ],
  [
    "ended before it was opened",
    { ...CLOSED, end: { exitCode: 143, signal: "SIGTERM", opened: false } },
    "cancellation",
    null,
  ],
  [
    "whose client closed its input before it was opened",
    { ...CLOSED, end: { ...NOT_OPENED, exitCode: 0 } },
    "cancellation",
    null,
  ],
  ["whose client went away during a request", after({ kind: "abandoned" }), "cancellation", null],
  ["whose input ended during a request", { ...CLOSED, isBusy: true }, "cancellation", null],
  ["whose last request failed because of a registry", after(failed), "error", "registry"],
  [
    "closed by SIGTERM after such a request",
    after(failed, { end: signaled("SIGTERM").end }),
    "error",
    "registry",
  ],
  [
    "whose last request failed by its user",
    after({ kind: "failed", failure: OWN_FAULT }),
    "failure",
    null,
  ],
  [
    "whose last request was canceled",
    after({ kind: "failed", failure: { ...OWN_FAULT, fault: "cancelled" } }),
    "cancellation",
    null,
  ],
  ["whose last request failed for an unknown reason", after(unknown), "error", null],
  [
    "whose last request a circuit rejected",
    rejected("CIRCUIT_OPEN", "git:github.com"),
    "error",
    "git",
  ],
  ["whose last request took too long", rejected("TIMED_OUT", "engine"), "timeout", null],
  ["that was lost", rejected("SESSION_LOST", "engine"), "error", "engine"],
  [
    "whose CLI ended by itself",
    { ...CLOSED, end: { exitCode: 2, signal: undefined, opened: true } },
    "error",
    null,
  ],
  [
    "that was not opened in time",
    after(tooLate, { end: { ...NOT_OPENED, exitCode: 124 } }),
    "error",
    "engine",
  ],
  ["that was not opened, for an unknown reason", { ...CLOSED, end: NOT_OPENED }, "error", null],
  [
    "whose CLI cannot be run",
    { ...CLOSED, end: { ...NOT_OPENED, exitCode: 126 } },
    "failure",
    null,
  ],
  ["that a circuit rejected", { ...CLOSED, end: undefined }, "skip", null],
])("a session %s is counted by its result", (_, facts, result, fault) => {
  const run = { result, fault, durationMs: 2000, waitedMs: 5, avoidedMs: 6 };
  expect(sessionRun(facts)).toEqual(run);
});

test("a session failed when the request failed, at the shared circuit of the upstream", () => {
  const afterMs = 700;
  expect(failedSession(after(failed), undefined)).toEqual({
    circuit: "registry:docker.io",
    afterMs,
  });
  const remote = "tcp://engine.example.com:8080";
  const circuit = "engine:engine.example.com:8080";
  expect(failedSession(after(tooLate), remote)).toEqual({ circuit, afterMs });
});

test("a session without a failure at a shared circuit has no time to failure", () => {
  const failure = (over: object): RequestProblem => ({
    kind: "failed",
    failure: { ...LIMITED, ...over },
  });
  for (const facts of [
    CLOSED,
    rejected("CIRCUIT_OPEN", "registry:docker.io"),
    after(failed, signaled("SIGINT")),
    after(tooLate),
    after(failure({ counts: false })),
    after(failure({ upstream: null })),
    after(failure({ upstreamKind: null })),
    after(failure({ upstream: "localhost:5000" })),
  ]) {
    expect(failedSession(facts, undefined)).toBeUndefined();
  }
});
