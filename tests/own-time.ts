/** Provides clocks for time limits in tests. Load of other programs hardly affects these clocks. */

import { afterAll } from "vitest";

const TICK_MS = 10;

/**
 * Starts a clock that counts only the milliseconds in which this process could run. Returns a function that
 * reads the clock. Time in which a busy machine blocked the process hardly counts, because a late tick
 * counts only once.
 */
export function startOwnTime(): () => number {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, TICK_MS);
  afterAll(() => clearInterval(timer));
  return () => ticks * TICK_MS;
}

/**
 * Returns the processor time of some work in this process, in milliseconds. Other load on the machine does
 * not add to it.
 */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
