/** Measures how much time and memory a million breakers need. */

import { CircuitBreaker } from "../../../dist/index.js";
import {
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  operation,
  opossum,
} from "../../contenders/contenders.mjs";
import { median } from "../../measuring/statistics.mjs";

export const title = "A million breakers";
export const note = "Fewer of the others, because a million do not fit; each is told per breaker.";
export const nodeOptions = ["--max-old-space-size=4096"];

export async function run({ quick }) {
  const share = quick ? 10 : 1;
  const kinds = [
    { name: OURS, count: 1_000_000 / share, make: () => new CircuitBreaker() },
    { name: COCKATIEL, count: 200_000 / share, make: () => cockatiel() },
    { name: OPOSSUM, count: 10_000 / share, make: () => opossum(operation) },
  ];
  const measured = new Map(kinds.map(({ name }) => [name, { bytes: [], ns: [] }]));
  for (let round = 0; round < 3; round++) {
    for (const { name, count, make } of kinds) {
      const { bytes, ns } = await makeMany(make, count);
      measured.get(name).bytes.push(bytes);
      measured.get(name).ns.push(ns);
    }
  }
  const rows = kinds.map(({ name, count }) => ({
    name,
    cells: {
      made: { unit: "each", median: count },
      "to make one": { unit: "ns", median: median(measured.get(name).ns) },
      kept: { unit: "bytes", median: median(measured.get(name).bytes) },
    },
  }));
  return { rows, figures: [] };
}

/**
 * Creates many breakers and measures them. Afterwards it shuts down breakers of opossum, because their
 * intervals would slow down the next contender.
 */
async function makeMany(make, count) {
  const kept = new Array(count).fill(undefined);
  globalThis.gc();
  const before = process.memoryUsage();
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) kept[i] = make();
  const tookMs = performance.now() - startedMs;
  globalThis.gc();
  const after = process.memoryUsage();
  for (const breaker of kept) if (breaker.shutdown !== undefined) breaker.shutdown();
  return {
    bytes: (after.heapUsed + after.external - before.heapUsed - before.external) / count,
    ns: (tookMs * 1e6) / count,
  };
}
