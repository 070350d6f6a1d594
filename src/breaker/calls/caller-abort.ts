/** Recognizes the caller's own abort in the errors that clients make of it. */

import type { AbortSignal } from "../../options/abort-signal.js";

/** How many causes of an error are read. A chain of causes may be long, or a circle. */
const MAX_CAUSES = 5;

/** The names of an abort: `AbortError` of Node, fetch and cloud SDKs, `CanceledError` of axios. */
const ABORT_NAME = /^(?:abort|cancel|cancell?ed|cancell?ation)(?:error)?$/i;

/** The codes of an abort. `ECONNABORTED` does not belong here: with it axios reports a timeout of its own. */
const ABORT_CODE = /^(?:ABORT_ERR|(?:UND_)?(?:ERR_)?(?:ABORTED|CANCELL?ED))$/;

/** CANCELLED of gRPC. */
const GRPC_CANCELLED = 1;

/**
 * Returns what a rejection counts as when the caller's own abort caused it: a failure when the
 * reason is a `TimeoutError`, because the upstream was too slow, else ignored. Returns undefined
 * when the signal is not aborted or the error is another one. Never throws.
 */
export function outcomeOfAbort(
  error: unknown,
  signal: AbortSignal | undefined,
): "failure" | "ignored" | undefined {
  if (!signal?.aborted || !isAbort(error, signal.reason)) return undefined;
  return read(signal.reason, "name") === "TimeoutError" ? "failure" : "ignored";
}

function isAbort(error: unknown, reason: unknown): boolean {
  if (error === reason) return true;
  let current = error;
  for (let depth = 0; depth <= MAX_CAUSES; depth++) {
    // Most errors have no cause, which must not match a reason that is null.
    if (current === undefined || current === null) return false;
    if (current === reason || meansAbort(current)) return true;
    current = read(current, "cause");
  }
  return false;
}

function meansAbort(error: unknown): boolean {
  const name = read(error, "name");
  if (typeof name === "string" && ABORT_NAME.test(name)) return true;
  const code = read(error, "code");
  if (typeof code === "string" && ABORT_CODE.test(code)) return true;
  // An error of a child process has the command beside its code, which is an exit code.
  if (code === GRPC_CANCELLED && read(error, "cmd") === undefined) return true;
  // `isCanceled` is set by execa and got, `__CANCEL__` by axios up to 0.26, whose object has no name.
  return read(error, "isCanceled") === true || read(error, "__CANCEL__") === true;
}

/** Reads a property of whatever was thrown; a getter that throws has no value. */
function read(from: unknown, key: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}
