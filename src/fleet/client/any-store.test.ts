import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  answersAfter,
  cameTo,
  FAILS,
  fakeTime,
  HANGS,
  newProcess,
  type Script,
  ScriptedStore,
  tick,
} from "../../../tests/fleet/scripted-store.js";

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

const GARBAGE: readonly unknown[] = [undefined, 5, {}, { admitted: 9, changes: [], snapshot: {} }];

const script: fc.Arbitrary<Script> = fc.oneof(
  fc.constant<Script>((_command, answer) => answer()),
  fc.constant(HANGS),
  fc.constant(FAILS),
  fc.integer({ min: 0, max: 400 }).map(answersAfter),
  fc.constantFrom(...GARBAGE).map(
    (value): Script =>
      () =>
        value as never,
  ),
  fc.constant<Script>(() => {
    throw new Error("thrown");
  }),
);

test.each(["strict", "cached"] as const)(
  "%s: whatever a store does, no call fails because of it or waits beyond the deadline",
  async (mode) => {
    const step = fc.record({
      script,
      calls: fc.integer({ min: 1, max: 4 }),
      pauseMs: fc.nat(2_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const store = new ScriptedStore();
        const { fleet, shared, local } = newProcess(store, { mode });
        let made = 0;
        for (const { script, calls, pauseMs } of steps) {
          store.script = script;
          const results = Array.from({ length: calls }, (_, call) => shared.execute(() => call));
          made += calls;
          expect(await cameTo(Promise.all(results), 100)).toEqual(
            Array.from({ length: calls }, (_, call) => call),
          );
          await tick(pauseMs);
        }
        const closed = fleet.close();
        await tick(1_000);
        await closed;
        await tick(1_000);
        const { toldCount, droppedCount } = shared.getMetrics().metrics;
        expect([toldCount + droppedCount, fleet.getMetrics().droppedCount]).toEqual([
          made,
          droppedCount,
        ]);
        expect(local.getMetrics()).toMatchObject({
          inFlightCount: 0,
          metrics: { successCount: made },
        });
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 40 },
    );
  },
);
