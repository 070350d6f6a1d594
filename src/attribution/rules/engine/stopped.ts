/** Tells a start of the engine that somebody stopped from one that failed. */

import type { FailureReading } from "../rule.js";

/** How the line of a start ends that somebody stopped; 130 is a program's exit code for Ctrl-C. */
const STOPPED =
  /: (?:context cancell?ed|interrupted|signal: (?:interrupt|terminated)|exit status 130)\W{0,8}$/m;

/** How Node and Python say so of the program that they started. */
const STOPPED_BY_SIGNAL = /killed with sig(?:int|term)\b|died with <signals\.sig(?:int|term)\b/;

/** A connection of which no more is said than that nobody waited for it any longer. */
const GAVE_UP = /failed to connect to [^\n:"]{1,200}(?:: context cancell?ed|$)/m;

/** What the program that was stopped prints itself before it ends with 1. */
const PRINTED_STOPPED = /^[\s│┃]{0,32}context cancell?ed\W{0,4}$/m;

/** What fails by itself: who stopped the start then only stopped waiting. */
const FAILED_BY_ITSELF =
  /docker daemon running|cannot connect to |error response from daemon|connection refused|no such (?:host|file)/;
const PROGRAM_ENDED = /exit status (?!130\b)[0-9]/;
const PROGRAM_ENDED_BY_ITSELF = /exit status (?!1\b|130\b)[0-9]/;

/** Whether the words say that somebody stopped a start, and of nothing else that it failed. */
export function saysStopped(reading: FailureReading): boolean {
  const { lower, outcome } = reading;
  const gaveUp = outcome === "unreachable" && GAVE_UP.test(lower);
  if (outcome !== undefined && outcome !== "cancelled" && !gaveUp) return false;
  if (FAILED_BY_ITSELF.test(lower)) return false;
  if (STOPPED_BY_SIGNAL.test(lower)) return true;
  if (PRINTED_STOPPED.test(lower)) return !PROGRAM_ENDED_BY_ITSELF.test(lower);
  return STOPPED.test(lower) && !PROGRAM_ENDED.test(lower);
}
