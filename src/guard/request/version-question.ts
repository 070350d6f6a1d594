/**
 * Asks an engine for its version, to find out whether the engine works. No other question costs the engine
 * less.
 */

import { classifyAnswer } from "../../attribution/classify/decide-response.js";
import type { Failure, SessionResponse } from "../../attribution/failure.js";
import { readRequest } from "../../attribution/query/read-request.js";
import { isTimeoutError } from "../../policies/timeout.js";
import { engineFault } from "../judgement/engine-fault.js";
import { VERSION_TIMEOUT_MS } from "../judgement/pending-settlements.js";
import type { SessionLink } from "../session-link.js";
import type { BoundedCalls } from "./calls.js";

export const VERSION_QUERY = readRequest("{ version }");

/** The failure of an engine that does not return its version in time. */
export const SILENT = engineFault(
  "engine-silent",
  `the engine did not return its version within ${VERSION_TIMEOUT_MS / 1000} s after a timeout`,
);

/**
 * The end of the question. `silent`: no answer came in time. `aborted`: the guard's signal ended the
 * question.
 */
export type VersionOutcome =
  | {
      readonly kind: "answered";
      readonly answer: SessionResponse;
      readonly failures: readonly Failure[];
    }
  | { readonly kind: "silent" | "aborted" | "failed"; readonly error: unknown };

/** Asks the engine for its version. The promise never rejects. */
export async function askVersion(
  calls: BoundedCalls,
  link: Pick<SessionLink<SessionResponse>, "ask">,
): Promise<VersionOutcome> {
  const call = calls.begin({ timeoutMs: VERSION_TIMEOUT_MS });
  const { signal } = call;
  try {
    const answer = await link.ask(VERSION_QUERY.request, signal);
    return { kind: "answered", answer, failures: classifyAnswer(answer, VERSION_QUERY) };
  } catch (error) {
    if (!signal?.aborted) return { kind: "failed", error };
    return { kind: isTimeoutError(signal.reason) ? "silent" : "aborted", error: signal.reason };
  } finally {
    call.end();
  }
}
