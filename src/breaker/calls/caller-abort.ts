/** Recognizes errors that the caller's own abort caused, such as the `AbortError` of fetch. */

import type { AbortSignal } from "../../options/abort-signal.js";

/** The maximum number of causes that are read. A chain of causes may be long or circular. */
const MAX_CAUSES = 5;

/**
 * Matches names of abort errors: `AbortError` of Node, fetch and cloud SDKs, `CanceledError` of
 * axios.
 */
const ABORT_NAME = /^(?:abort|cancel|cancell?ed|cancell?ation)(?:error)?$/i;

/**
 * Matches codes of abort errors. `ECONNABORTED` does not match, because axios uses it for its own
 * timeouts.
 */
const ABORT_CODE = /^(?:ABORT_ERR|(?:UND_)?(?:ERR_)?(?:ABORTED|CANCELL?ED))$/;

/** The gRPC status code of a canceled call. */
const GRPC_CANCELLED = 1;

/**
 * Returns the outcome of a call that failed because the caller aborted it. The outcome is a failure
 * if the reason is a `TimeoutError`, because the upstream was too slow. For any other reason, the
 * outcome is ignored.
 *
 * Returns undefined if the signal is not aborted or the error has another cause. Never throws.
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
    // Most errors have no cause. A missing cause must not match a reason that is null.
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
  // An error with `cmd` is from a child process. The `code` of such an error is an exit code, not a
  // gRPC status.
  if (code === GRPC_CANCELLED && read(error, "cmd") === undefined) return true;
  // execa and got set `isCanceled`. axios up to 0.26 sets `__CANCEL__`, on an object without a
  // name.
  return read(error, "isCanceled") === true || read(error, "__CANCEL__") === true;
}

/** Reads a property of a thrown value. Returns undefined when the getter throws. */
function read(from: unknown, key: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}
