/** The signals that reach a command through us: all that end or stop a process and can be caught. */

import { constants } from "node:os";

/** These ask a command to end: what fails after one is not held against anybody. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]);

/** A profiler of Node.js sends this to itself all the time. */
const PROFILING: readonly "SIGPROF"[] = isProfiled() ? [] : ["SIGPROF"];

function isProfiled(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) =>
    /--(?:cpu-)?prof/.test(option),
  );
}

/**
 * What ends a process by default, and would leave a command behind. Faults (SIGSEGV and the like) are
 * left alone, as are SIGTTIN and SIGTTOU. A listener also keeps Node from opening its debugger at
 * SIGUSR1.
 */
export const PASSED_ON: readonly NodeJS.Signals[] = (
  [
    ...ENDING,
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGVTALRM",
    ...PROFILING,
    "SIGSTKFLT",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGIO",
    "SIGPWR",
  ] as const
).filter((signal) => constants.signals[signal] !== undefined);

/** Whether a signal always asks a command to end, and never only tells it something. */
export function asksToEnd(signal: NodeJS.Signals): boolean {
  return ENDING.has(signal);
}
