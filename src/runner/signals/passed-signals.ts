/** The signals that are passed on to a command, because each would otherwise end this process. */

import { constants } from "node:os";

/**
 * Signals that ask a command to end. A failure after such a signal counts for no upstream, because
 * the command was interrupted.
 */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]);

/**
 * SIGPROF, unless Node's profiler or debugger runs. The profiler sends this signal to this process
 * all the time, and with a debugger Node.js warns about a listener.
 */
const PROFILING: readonly "SIGPROF"[] = isReserved() ? [] : ["SIGPROF"];

function isReserved(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) =>
    /--(?:(?:cpu-)?prof|inspect)/.test(option),
  );
}

/**
 * The signals to pass on. By default, each of them would end this process and leave the command
 * running. Signals for faults, such as SIGSEGV, are not included. SIGTTIN and SIGTTOU are not
 * included either. Listening to SIGUSR1 also keeps Node.js from starting its debugger.
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

/**
 * Returns whether a signal asks a command to end. Other signals may have any meaning for the
 * command.
 */
export function asksToEnd(signal: NodeJS.Signals): boolean {
  return ENDING.has(signal);
}
