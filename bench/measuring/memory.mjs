/** Measures how much memory contenders allocate and keep. */

import { median } from "./statistics.mjs";

/**
 * Returns how many bytes each object keeps alive. Compares the heap before and after creating many objects,
 * both after a garbage collection.
 *
 * @param {(index: number) => unknown} make
 * @param {number} count
 * @returns {Promise<number>}
 */
export async function keptBytesEach(make, count) {
  const kept = new Array(count).fill(undefined);
  for (let i = 0; i < Math.min(count, 2000); i++) kept[i] = await make(i);
  kept.fill(undefined);
  const before = await liveBytes();
  for (let i = 0; i < count; i++) kept[i] = await make(i);
  const after = await liveBytes();
  if (kept.includes(undefined)) throw new Error("something was not made");
  return (after - before) / count;
}

/**
 * Returns how many bytes of heap one call of each contender allocates: the median over all rounds. The
 * process needs a young generation so large that no garbage is collected during a round.
 *
 * @param {import("./measure.mjs").Contender[]} contenders
 * @param {{ rounds: number, calls: number }} effort
 * @returns {Promise<Map<string, number>>}
 */
export async function allocatedBytes(contenders, { rounds, calls }) {
  const measured = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = -10; round < rounds; round++) {
    for (const { name, run } of contenders) {
      await liveBytes();
      const before = process.memoryUsage().heapUsed;
      const done = await run(calls);
      const bytes = process.memoryUsage().heapUsed - before;
      if (done !== calls) throw new Error(`${name}: ${done} of ${calls} calls went as they must`);
      if (bytes < 0) throw new Error(`${name}: garbage was collected while it was weighed`);
      if (round >= 0) measured.get(name).push(bytes / calls);
    }
  }
  return new Map([...measured].map(([name, bytes]) => [name, median(bytes)]));
}

/** Returns the bytes in the heap and in array buffers, after collecting all garbage. */
async function liveBytes() {
  for (let i = 0; i < 2; i++) {
    // The value of a settled promise can be freed only after its reactions have run.
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
