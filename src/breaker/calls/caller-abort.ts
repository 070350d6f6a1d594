/** Recognizes errors that the caller's own abort caused, such as the `AbortError` of fetch. */

import type { AbortSignal } from "../../options/abort-signal.js";

/** The limit on the causes read. A chain of causes may be long or circular. */
const MAX_CAUSES = 5;

/** Names of abort errors: `AbortError` of Node, fetch and cloud SDKs, `CanceledError` of axios. */
const ABORT_NAME = /^(?:abort|cancel|cancell?ed|cancell?ation)(?:error)?$/i;

/**
 * Codes of abort errors. `ECONNABORTED` is missing on purpose: axios uses it for its own timeouts.
 */
const ABORT_CODE = /^(?:ABORT_ERR|(?:UND_)?(?:ERR_)?(?:ABORTED|CANCELL?ED))$/;

/** The gRPC status code of a canceled call. */
const GRPC_CANCELLED = 1;

/**
 * Returns the outcome of a call that failed because the caller aborted it: a failure when the
 * reason is a `TimeoutError`, because the upstream was too slow; otherwise ignored. Returns
 * undefined when the signal is not aborted or the error has another cause. Never throws.
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
  // An error of a child process has `cmd`; its `code` is an exit code.
  if (code === GRPC_CANCELLED && read(error, "cmd") === undefined) return true;
  // `isCanceled` is set by execa and got, `__CANCEL__` by axios up to 0.26, whose object has no name.
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
