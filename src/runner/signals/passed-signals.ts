/** The signals passed on to a command: all that end or stop a process and can be caught. */

import { constants } from "node:os";

/**
 * Signals that ask a command to end. A command that fails after one of them counts as interrupted,
 * against no upstream.
 */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]);

/**
 * SIGPROF is not passed on while Node's profiler runs, which sends it to this process all the time.
 */
const PROFILING: readonly "SIGPROF"[] = isProfiled() ? [] : ["SIGPROF"];

function isProfiled(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) =>
    /--(?:cpu-)?prof/.test(option),
  );
}

/**
 * The signals to pass on. By default each would end this process and leave the command running.
 * Signals for faults, such as SIGSEGV, are not included, nor are SIGTTIN and SIGTTOU. Listening to
 * SIGUSR1 also keeps Node from starting its debugger.
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
