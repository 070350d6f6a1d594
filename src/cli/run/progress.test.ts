import { expect, test } from "vitest";
import { attempt, LIMITED } from "../../../tests/cli/run/sample-run.js";
import { progressLine } from "./progress.js";

const NOON_MS = Date.UTC(2026, 10, 30, 12);
const retrying = { kind: "retrying", number: 1, of: 3, delayMs: 3200 } as const;

test("shows a failed attempt with its cause, and the time of the next one", () => {
  const failure = { ...LIMITED, retryAfterMs: null };
  const line = progressLine({ ...retrying, attempt: attempt({ exitCode: 1, failure }) }, NOON_MS);
  expect(line).toBe(
    "dagger-breaker: attempt 1 of 3 failed (registry registry-1.docker.io: the registry limits the rate of requests); retrying in 4 s",
  );
  const hung = attempt({ exitCode: 143, timedOut: "idle" });
  expect(progressLine({ ...retrying, delayMs: 0, attempt: hung }, NOON_MS)).toMatch(
    /failed \(.*--idle-timeout\); retrying now$/,
  );
  expect(progressLine({ ...retrying, delayMs: null, attempt: hung }, NOON_MS)).toMatch(
    /; retrying once the circuit admits it$/,
  );
  expect(progressLine({ ...retrying, attempt: attempt({ exitCode: 7 }) }, NOON_MS)).toMatch(
    /failed \(exit code 7\); retrying/,
  );
});

test("shows a wait with its circuit and its end, and then the time left", () => {
  const circuit = "registry:docker.io";
  expect(progressLine({ kind: "waiting", circuit, leftMs: 61_000 }, NOON_MS)).toBe(
    "dagger-breaker: waiting for circuit registry:docker.io until 2026-11-30T12:01:01.000Z (1 min 1 s)",
  );
  expect(progressLine({ kind: "still-waiting", circuit, leftMs: 1000 }, NOON_MS)).toBe(
    "dagger-breaker: still waiting for circuit registry:docker.io, 1 s left",
  );
  expect(progressLine({ kind: "still-waiting", circuit: null, leftMs: 60_000 }, NOON_MS)).toBe(
    "dagger-breaker: still waiting for the next attempt, 1 min left",
  );
});
