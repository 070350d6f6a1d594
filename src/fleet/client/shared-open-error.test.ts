import { expect, test } from "vitest";
import { UNKNOWN_SNAPSHOT } from "../rules/snapshot.js";
import { SharedCircuitOpenError } from "./shared-open-error.js";

const KEY = { scope: "default", name: "registry:docker.io" };
const EVIL = "\u001b[2J\n::error::\u2028\u202e";
const PLAIN = "?[2J?: :error::??";
const reporter = { id: "r1", host: `h${EVIL}`, run: `r${EVIL}` };
const failure = { fault: `f${EVIL}`, rule: `x${EVIL}`, limited: false, reporter };

test("texts of other processes cannot command a terminal or a CI system", () => {
  const open = { ...UNKNOWN_SNAPSHOT, state: "open", retryAfterMs: 1, failure } as const;
  const error = new SharedCircuitOpenError(KEY, "open", open);
  expect(error.message).toContain(`opened by h${PLAIN} (r${PLAIN}) because of x${PLAIN}`);
  expect(error.failure).toEqual({ fault: `f${PLAIN}`, rule: `x${PLAIN}`, limited: false });
  const isolation = { reason: EVIL, owner: EVIL, ageMs: 0, remainingMs: 1000 };
  const isolated = new SharedCircuitOpenError(KEY, "isolated", { ...open, isolation });
  expect(isolated.message).toContain(`circuit isolated: registry:docker.io, ${PLAIN}; `);
  expect(isolated.message).toMatch(/ from [-0-9TZ:.]+ until [-0-9TZ:.]+$/);
  expect(isolated.message).toContain(`, isolated by ${PLAIN} from `);
  expect([error.message, isolated.message].join("")).not.toMatch(/[\p{C}\p{Zl}]/u);
});

test("cuts endless texts and times short", () => {
  const long = { ...failure, rule: "x".repeat(1_000_000) };
  const snapshot = {
    ...UNKNOWN_SNAPSHOT,
    state: "open",
    retryAfterMs: 1e300,
    failure: long,
  } as const;
  const error = new SharedCircuitOpenError(KEY, "open", snapshot);
  expect(error.message.length).toBeLessThan(1_000);
  expect(error.until).toBe("+275760-09-13T00:00:00.000Z");
});
