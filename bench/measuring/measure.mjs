/** Measures the times of contenders in one process. The contenders take turns, round after round. */

import { median, spreadOf } from "./statistics.mjs";

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(calls: number) => Promise<number>} run Makes a number of calls. Returns how many of them
 * ended as expected, so that no call can be optimized away or fail unnoticed.
 */

/** The loop body for each kind of call. `call` makes a call of the contender, and the loop returns `done`. */
const LOOP = {
  /** The call must resolve to 1. */
  awaited: "done += await call();",
  /** The call must reject. */
  caught: "try { await call(); } catch (error) { if (error !== undefined) done += 1; }",
  /** The call may do either. */
  settled: "try { done += await call(); } catch (error) { if (error !== undefined) done += 1; }",
  /** The call must resolve to the result of a rejection. */
  refused: "if ((await call()).rejected) done += 1;",
};

const AsyncFunction = (async () => {}).constructor;
let loops = 0;

/**
 * Creates a contender with a loop of its own, compiled separately. In a shared loop, one call site would
 * call many functions and be slow. Real programs do not have that cost.
 *
 * @param {string} name
 * @param {keyof typeof LOOP} kind
 * @param {() => unknown} call
 * @returns {Contender}
 */
export function contender(name, kind, call) {
  loops += 1;
  const source = `/* ${loops} */ let done = 0; for (let i = 0; i < calls; i++) { ${LOOP[kind]} } return done;`;
  const loop = new AsyncFunction("call", "calls", source);
  return { name, run: (calls) => loop(call, calls) };
}

/**
 * Runs every contender once in each round, and returns the times.
 *
 * @param {Contender[]} contenders
 * @param {{ rounds: number, calls: number }} effort
 * @returns {Promise<Map<string, number[]>>} Nanoseconds per call, one number for each round.
 */
export async function timeRounds(contenders, { rounds, calls }) {
  const times = new Map(contenders.map(({ name }) => [name, []]));
  const warmUps = Math.max(5, Math.ceil(rounds / 4));
  for (let round = -warmUps; round < rounds; round++) {
    for (const { name, run } of contenders) {
      // Garbage is collected first, so that no contender pays for the garbage of the contender before it.
      globalThis.gc({ type: "minor" });
      const startedMs = performance.now();
      const done = await run(calls);
      const tookMs = performance.now() - startedMs;
      if (done !== calls) throw new Error(`${name}: ${done} of ${calls} calls went as they must`);
      if (round >= 0) times.get(name).push((tookMs * 1e6) / calls);
    }
  }
  return times;
}

/**
 * Returns the rows of a table of times. Each row has the median of a contender, and its ratios to other
 * contenders. A ratio is the median of the ratios within each round.
 *
 * @param {Map<string, number[]>} times
 * @param {Record<string, string>} bases The contenders to compare with, by the titles of their columns.
 */
export function rowsOfTimes(times, bases) {
  return [...times].map(([name, own]) => ({
    name,
    cells: {
      "a call": { unit: "ns", median: median(own) },
      ...Object.fromEntries(
        Object.entries(bases).map(([label, base]) => [label, ratio(own, times.get(base))]),
      ),
    },
  }));
}

function ratio(own, base) {
  return { unit: "x", ...spreadOf(own.map((time, round) => time / base[round])) };
}
