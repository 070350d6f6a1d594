/** What may be told to others of a failure: nothing of its text, which may hold secrets. */

import type { SharedFailure } from "../../rules/state.js";

const PLAIN = /^[A-Za-z0-9_.:-]{1,100}$/;

/**
 * Reads a failure off an error. A record of a guard says whose fault it was and by which rule; of any
 * other error the code or the name is told.
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
    return unjudged("error"); // A revoked proxy throws when it is looked at.
  }
}

function unjudged(rule: string): SharedFailure {
  return { fault: null, rule, limited: false };
}

function isPlain(value: unknown): value is string {
  return typeof value === "string" && PLAIN.test(value);
}
