/**
 * Turns the rejection by a guard in another process back into the error that a guard in this process would
 * throw. `rejection-answer.ts` creates such rejections.
 */

import type { SessionResponse } from "../../attribution/failure.js";
import {
  CircuitBreakerOpenError,
  type Rejection,
  type RejectionReason,
} from "../../breaker/errors.js";
import { TimeoutError } from "../../policies/timeout.js";
import { SessionLostError } from "../errors.js";
import { engineFault } from "../judgement/engine-fault.js";
import { recordOf } from "../judgement/failure-record.js";
import type { RefusalType } from "./rejection-answer.js";

/** An error with which a guard rejects a request. */
export type RejectionReadBack = CircuitBreakerOpenError | TimeoutError | SessionLostError;

/** The longest answer that is parsed, in characters. Rejections are much shorter. */
const MAX_ANSWER_LENGTH = 16 * 1024;

/** The failure for a lost session, if another process has already detected and counted the loss. */
export const SESSION_LOST_ELSEWHERE = {
  ...engineFault("session-lost-elsewhere", "the session proxy reported the loss"),
  sessionLost: true,
};

/** Returns the rejection in an answer, or undefined for an answer of the session itself. */
export function rejectionIn({ status, body }: SessionResponse): RejectionReadBack | undefined {
  if (status !== 200 || typeof body !== "string" || body.length > MAX_ANSWER_LENGTH)
    return undefined;
  if (!body.includes('"_type":"')) return undefined;
  const { message, extensions } = onlyErrorOf(body) ?? {};
  if (typeof message !== "string" || extensions?.upstream === undefined) return undefined;
  return refusalOf(message, extensions);
}

/**
 * Finds the rejection by a circuit in a text. Such a text may be the standard error of a program, which an
 * SDK passes on unchanged.
 */
export function rejectionInText(text: string): CircuitBreakerOpenError | undefined {
  const [message, state, breakerName = "", seconds, isolationReason] = WORDS.exec(text) ?? [];
  if (message === undefined) return undefined;
  if (state === "isolated") {
    return openError(message, { breakerName, reason: "isolated", isolationReason });
  }
  const reason = state === "open" ? "open" : "probing";
  return openError(message, { breakerName, reason, retryAfterMs: Number(seconds) * 1000 });
}

/**
 * Matches the message of a rejection by a circuit, such as `circuit open: registry:docker.io, retry in
 * 30s`.
 */
const WORDS =
  /circuit (open|half-open|isolated): ([^\s,]+), (?:(?:all probes are taken, )?retry in (\d+)s|([^\n]*))[^\n]*/;

interface AnswerError {
  readonly message?: unknown;
  readonly extensions?: { readonly _type?: RefusalType; readonly [name: string]: unknown };
}

function onlyErrorOf(body: string): AnswerError | undefined {
  try {
    const { data, errors } = JSON.parse(body) as { data?: unknown; errors?: AnswerError[] };
    return data === null && errors?.length === 1 ? errors[0] : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(
  message: string,
  { _type, ...fields }: NonNullable<AnswerError["extensions"]>,
): RejectionReadBack | undefined {
  if (_type === "SESSION_LOST") {
    const error = new SessionLostError(recordOf(SESSION_LOST_ELSEWHERE));
    return Object.assign(error, { message });
  }
  const { upstream, reason, isolationReason, retryAfterMs, timeoutMs } = fields;
  if (_type === "TIMED_OUT") return new TimeoutError(Number(timeoutMs ?? 0));
  if (_type !== "CIRCUIT_OPEN" || !isReason(reason)) return undefined;
  return openError(message, {
    breakerName: String(upstream),
    reason,
    ...(typeof isolationReason === "string" ? { isolationReason } : {}),
    ...(typeof retryAfterMs === "string" ? { retryAfterMs: Number(retryAfterMs) } : {}),
  });
}

function isReason(value: unknown): value is RejectionReason {
  return value === "open" || value === "probing" || value === "isolated";
}

/**
 * Creates the error for a rejection by a circuit. Its generation is 0, because the generation of a breaker
 * in another process has no meaning here.
 */
function openError(
  message: string,
  told: Pick<Rejection, "breakerName" | "reason" | "isolationReason"> & { retryAfterMs?: number },
): CircuitBreakerOpenError {
  const state = told.reason === "probing" ? "half-open" : "open";
  const error = new CircuitBreakerOpenError({
    ...told,
    state,
    retryAfterMs: told.retryAfterMs,
    generation: 0,
  });
  // Keep the original message, which may name more breakers.
  error.message = message;
  return error;
}
