/**
 * Extracts the parts of a failure that other processes may see. Leaves out the error's message,
 * because it may contain secrets.
 */

import type { SharedFailure } from "../../rules/state.js";

const PLAIN = /^[A-Za-z0-9_.:-]{1,100}$/;

/**
 * Returns the shareable parts of an error: the fault and the rule of an error from a guard, or the
 * code or name of any other error.
 */
export function sharedFailureOf(error: unknown): SharedFailure {
  try {
    if (typeof error !== "object" || error === null) return unjudged(typeof error);
    const { fault, rule, limited, code, name } = error as Readonly<Record<string, unknown>>;
    if (isPlain(fault) && isPlain(rule) && typeof limited === "boolean") {
      return { fault, rule, limited };
    }
    return unjudged(isPlain(code) ? code : isPlain(name) ? name : "error");
  } catch {
    return unjudged("error"); // A revoked proxy object throws on any access.
  }
}

function unjudged(rule: string): SharedFailure {
  return { fault: null, rule, limited: false };
}

function isPlain(value: unknown): value is string {
  return typeof value === "string" && PLAIN.test(value);
}
