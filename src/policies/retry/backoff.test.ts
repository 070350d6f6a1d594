import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "./backoff.js";

const backoff = { initialDelayMs: 1000, backoffFactor: 2, maxDelayMs: 60_000, jitter: false };

test("without jitter the delay grows by the factor up to the cap", () => {
  const delays = [1, 2, 3, 6, 7, 1000].map((retry) => backoffMs(retry, backoff, Math.random));
  expect(delays).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
});

test("full jitter picks any delay between 0 and the backoff", () => {
  const picks = [0, 0.25, 0.999].map((chance) =>
    backoffMs(3, { ...backoff, jitter: true }, () => chance),
  );
  expect(picks).toEqual([0, 1000, 3996]);
});

test("a delay is never below 0, above the cap or above the backoff without jitter", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_001 }),
      fc.double({ min: 0, max: 100_000, noNaN: true }),
      fc.double({ min: 1, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100_000, noNaN: true }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (retry, initialDelayMs, backoffFactor, extraMs, chance) => {
        const maxDelayMs = initialDelayMs + extraMs;
        const plain = { initialDelayMs, backoffFactor, maxDelayMs, jitter: false };
        const wholeMs = backoffMs(retry, plain, () => chance);
        const jitteredMs = backoffMs(retry, { ...plain, jitter: true }, () => chance);
        expect(wholeMs).toBeGreaterThanOrEqual(initialDelayMs);
        expect(wholeMs).toBeLessThanOrEqual(maxDelayMs);
        expect(backoffMs(retry + 1, plain, () => chance)).toBeGreaterThanOrEqual(wholeMs);
        expect(jitteredMs).toBeGreaterThanOrEqual(0);
        expect(jitteredMs).toBeLessThanOrEqual(wholeMs);
      },
    ),
  );
});
