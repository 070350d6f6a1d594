/**
 * Reduces a failure to the parts that may be shared. Omits the error's message, because it may hold
 * secrets.
 */

import type { SharedFailure } from "../../rules/state.js";

const PLAIN = /^[A-Za-z0-9_.:-]{1,100}$/;

/**
 * Reads the shareable part of an error: the fault and rule of a guard's record, or the code or name
 * of any other error.
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
    return unjudged("error"); // A revoked proxy throws on any access.
  }
}

function unjudged(rule: string): SharedFailure {
  return { fault: null, rule, limited: false };
}

function isPlain(value: unknown): value is string {
  return typeof value === "string" && PLAIN.test(value);
}
