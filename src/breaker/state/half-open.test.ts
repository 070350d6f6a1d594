import fc from "fast-check";
import { expect, test } from "vitest";
import { HalfOpenState, type ProbeLease } from "./half-open.js";

const COUNTED = { policy: "consecutive", consecutiveFailures: 5 } as const;

function newState(slots: number, successes = slots): HalfOpenState {
  return new HalfOpenState(0, COUNTED, undefined, {
    halfOpenMaxCalls: slots,
    halfOpenProbeTimeoutMs: 100,
    halfOpenSuccessThreshold: successes,
  });
}

test("admits as many calls as there are slots, then returns when the first lease ends", () => {
  const state = newState(2);
  state.lease(0);
  expect(state.admission(30)).toBe("admit");
  state.lease(30);
  expect(state.admission(40)).toEqual({ reason: "probing", retryAfterMs: 60 });
});

test("a slot is free when it is given back, or when its lease has ended", () => {
  const state = newState(1);
  const lease = state.lease(0);
  state.giveBack(lease);
  expect(state.admission(0)).toBe("admit");
  state.lease(10);
  expect([state.admission(109), state.admission(110)]).toEqual([
    { reason: "probing", retryAfterMs: 1 },
    "admit",
  ]);
});

test("a slot released twice or too late does not free another call's slot", () => {
  const state = newState(1);
  const first = state.lease(0);
  state.giveBack(first);
  const second = state.lease(0);
  state.giveBack(first);
  expect(state.admission(0)).not.toBe("admit");
  state.lease(100);
  state.giveBack(second);
  expect(state.admission(100)).not.toBe("admit");
});

test("it has enough at the threshold of successes", () => {
  const state = newState(1, 3);
  expect([state.success(), state.success(), state.success()]).toEqual([false, false, true]);
});

test("never has more live leases than slots, and never wastes a slot", () => {
  const step = fc.oneof(
    fc.record({ afterMs: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ giveBack: fc.nat(9) }),
    fc.constant({ ask: true }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60 }),
      (slots, steps) => {
        const state = newState(slots);
        const held = new Map<ProbeLease, number>();
        let nowMs = 0;
        for (const next of steps) {
          if ("afterMs" in next) nowMs += next.afterMs;
          const live = [...held].filter(([, takenMs]) => takenMs + 100 > nowMs);
          if ("giveBack" in next) {
            const lease = [...held.keys()][next.giveBack];
            if (lease === undefined) continue;
            held.delete(lease);
            state.giveBack(lease);
          } else if (state.admission(nowMs) === "admit") {
            expect(live.length).toBeLessThan(slots);
            held.set(state.lease(nowMs), nowMs);
          } else {
            expect(live.length).toBe(slots);
          }
        }
      },
    ),
  );
});
