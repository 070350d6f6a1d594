/** Generates random breakers and random schedules of events. */

import fc from "fast-check";
import type { Outcome } from "../../src/breaker/options.js";
import type { TripRule } from "./reference-trip.js";

const detail = fc.record(
  {
    retryAfterMs: fc.constantFrom(0, 700, 4_000, Number.POSITIVE_INFINITY),
    openNow: fc.boolean(),
  },
  { requiredKeys: [] },
);
const durationMs = fc.option(fc.constantFrom(0, 99, 100, 5_000), { nil: undefined });
const pick = fc.nat(1_000);

export const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("acquire" as const) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      pick,
      how: fc.constantFrom<Outcome | "release">(
        "success",
        "success",
        "failure",
        "failure",
        "ignored",
        "release",
      ),
      detail,
      durationMs,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("step" as const),
      ms: fc.constantFrom(1, 99, 100, 101, 500, 999, 1_000, 1_001, 2_000, 3_000, 9_999),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("steer" as const),
      how: fc.constantFrom("isolate", "observe", "observe", "disable", "release", "reset"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("record" as const),
      outcome: fc.constantFrom<Outcome>("success", "failure", "ignored"),
      generationsAgo: fc.constantFrom(0, 0, 0, 1),
      durationMs,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("execute" as const),
      signal: fc.constantFrom("none", "live", "aborted"),
      asResult: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("finish" as const),
      pick,
      how: fc.constantFrom(
        "value",
        "value",
        "error",
        "error",
        "retryAfter",
        "refused",
        "abort",
        "abort-error",
        "timeout",
      ),
    }),
  },
);
export type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

export const limits = fc.record({
  resetTimeoutMs: fc.constantFrom(1_000, 3_000),
  maxOpenMs: fc.constantFrom(3_000, 10_000),
  openTimeGrowthFactor: fc.constantFrom(1, 2),
  openTimeJitter: fc.constantFrom(0, 0.5),
  halfOpenMaxCalls: fc.integer({ min: 1, max: 3 }),
  halfOpenSuccessThreshold: fc.integer({ min: 1, max: 4 }),
  halfOpenProbeTimeoutMs: fc.constantFrom(500, 1_000, 20_000),
});

const small = fc.integer({ min: 1, max: 4 });
const windowMs = fc.constantFrom(1_000, 3_500, 10_000);
const slow = fc.record(
  { slowCallMs: fc.constantFrom(100, 1_000), slowCallRate: fc.constantFrom(0.5, 1) },
  { requiredKeys: ["slowCallMs"] },
);
const rate = fc.record({ failureRate: fc.constantFrom(0.3, 0.5, 1), minimumCalls: small });
/** Generators of trip policies, by the names that the tests use. */
export const rules: Readonly<Record<string, fc.Arbitrary<TripRule>>> = {
  consecutive: fc.record({ consecutive: small }),
  badSeconds: fc.record({
    badSeconds: fc.integer({ min: 1, max: 3 }),
    windowMs: fc.constantFrom(3_000, 3_500, 10_000),
  }),
  failures: fc.record({ failures: small, windowMs }),
  "failureRate over time": fc
    .tuple(rate, windowMs, fc.option(slow))
    .map(([shares, length, timing]) => ({ ...shares, windowMs: length, ...timing })),
  "failureRate over calls": fc
    .tuple(rate, fc.integer({ min: 4, max: 6 }), fc.option(slow))
    .map(([shares, windowCalls, timing]) => ({ ...shares, windowCalls, ...timing })),
};
