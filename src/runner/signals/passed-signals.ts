/** The signals passed on to a command: all that end or stop a process and can be caught. */

import { constants } from "node:os";

/** Signals that ask a command to end. Later failures count against no upstream. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]);

/** A profiler of Node.js sends SIGPROF to its own process all the time. */
const PROFILING: readonly "SIGPROF"[] = isProfiled() ? [] : ["SIGPROF"];

function isProfiled(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) =>
    /--(?:cpu-)?prof/.test(option),
  );
}

/**
 * Signals that end a process by default and would leave a command behind. Faults (SIGSEGV and the
 * like), SIGTTIN and SIGTTOU are left alone. A listener also keeps Node from opening its debugger
 * on SIGUSR1.
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

/** Returns whether a signal always asks a command to end. */
export function asksToEnd(signal: NodeJS.Signals): boolean {
  return ENDING.has(signal);
}
