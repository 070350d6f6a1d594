/** A clock for bounds that hold on a busy machine. */

import { afterAll } from "vitest";

const TICK_MS = 10;

/**
 * Starts to count the milliseconds in which this process ran or was free to run, and returns how many there were. What a
 * busy machine kept it from is left out: a tick that comes late counts once.
 */
export function startOwnTime(): () => number {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, TICK_MS);
  afterAll(() => clearInterval(timer));
  return () => ticks * TICK_MS;
}

/** Returns the processor time of some work in this process, in milliseconds, whatever else the machine does. */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
