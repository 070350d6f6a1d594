/** Measures the memory that contenders allocate and keep. */

import { median } from "./statistics.mjs";

/**
 * Bytes that each thing keeps alive: the heap before and after making many, garbage collected.
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
 * Bytes of heap that one call of each contender allocates, as the median over the rounds. The
 * process must run with a young generation so large that none of it is collected meanwhile.
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

/** Returns the bytes in the heap and in array buffers after all garbage was collected. */
async function liveBytes() {
  for (let i = 0; i < 2; i++) {
    // Values of settled promises are free only once their reactions have run.
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
