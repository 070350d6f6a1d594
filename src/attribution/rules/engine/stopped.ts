/** Decides whether the start of an engine was stopped from outside or failed by itself. */

import type { FailureReading } from "../rule.js";

/** Matches the end of a log line about an engine whose start was stopped. Exit status 130 means Ctrl-C. */
const STOPPED =
  /: (?:context cancell?ed|interrupted|signal: (?:interrupt|terminated)|exit status 130)\W{0,8}$/m;

/** Matches messages of Node and Python about a child process that a signal stopped. */
const STOPPED_BY_SIGNAL = /killed with sig(?:int|term)\b|died with <signals\.sig(?:int|term)\b/;

/** Matches a failed connection whose only cause is that the caller stopped waiting. */
const GAVE_UP = /failed to connect to [^\n:"]{1,200}(?:: context cancell?ed|$)/m;

/** Matches the message that a stopped program prints before it exits with status 1. */
const PRINTED_STOPPED = /^[\s│┃]{0,32}context cancell?ed\W{0,4}$/m;

/** Matches failures with a cause of their own. The caller stopped waiting because of such a failure. */
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

/** Words of kubectl about its own settings. With such an error, it asked no cluster. */
const KUBECTL_SETTINGS = [
  "exec plugin",
  "getting credentials: ",
  "no context exists",
  "context was not found",
  "invalid configuration: ",
];

/** A file that the engine may not open. This failure is the engine's own. */
const FILE_DENIED = ["permission denied"];

/** The words of ssh about a key that the engine's machine does not accept. */
const KEY_DENIED = ["permission denied (publickey"];

/**
 * Returns whether a program could not reach the engine because of the caller: a cluster or a daemon refused
 * the caller's credentials, or the settings of kubectl are wrong.
 */
export function lacksAccess(reading: FailureReading): boolean {
  if (reading.has(KUBECTL_SETTINGS)) return true;
  if (reading.outcome !== "denied") return false;
  return !reading.has(FILE_DENIED) || reading.has(KEY_DENIED);
}
