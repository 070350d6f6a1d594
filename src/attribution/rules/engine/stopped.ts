/** Decides whether the start of an engine was stopped from outside or failed by itself. */

import type { FailureReading } from "../rule.js";

/** How a line about a stopped start ends. 130 is the exit code after Ctrl-C. */
const STOPPED =
  /: (?:context cancell?ed|interrupted|signal: (?:interrupt|terminated)|exit status 130)\W{0,8}$/m;

/** Messages of Node and Python for a child process that was stopped. */
const STOPPED_BY_SIGNAL = /killed with sig(?:int|term)\b|died with <signals\.sig(?:int|term)\b/;

/** A failed connection with no cause except that its caller stopped waiting. */
const GAVE_UP = /failed to connect to [^\n:"]{1,200}(?:: context cancell?ed|$)/m;

/** The message of the stopped program itself before it exits with 1. */
const PRINTED_STOPPED = /^[\s│┃]{0,32}context cancell?ed\W{0,4}$/m;

/** Failures with a cause of their own. The caller stopped waiting because of them. */
const FAILED_BY_ITSELF =
  /docker daemon running|cannot connect to |error response from daemon|connection refused|no such (?:host|file)/;
const PROGRAM_ENDED = /exit status (?!130\b)[0-9]/;
const PROGRAM_ENDED_BY_ITSELF = /exit status (?!1\b|130\b)[0-9]/;

/** Returns whether a text reports a stopped start and no other failure. */
export function reportsOnlyStop(reading: FailureReading): boolean {
  const { lower, outcome } = reading;
  const gaveUp = outcome === "unreachable" && GAVE_UP.test(lower);
  if (outcome !== undefined && outcome !== "cancelled" && !gaveUp) return false;
  if (FAILED_BY_ITSELF.test(lower)) return false;
  if (STOPPED_BY_SIGNAL.test(lower)) return true;
  if (PRINTED_STOPPED.test(lower)) return !PROGRAM_ENDED_BY_ITSELF.test(lower);
  return STOPPED.test(lower) && !PROGRAM_ENDED.test(lower);
}
