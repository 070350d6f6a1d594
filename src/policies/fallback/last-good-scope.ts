/**
 * Keeps a `lastGood` from remembering two kinds of values. The first kind can be used in one Dagger session
 * only. The second kind comes from an operation with an effect, such as a publish. A `lastGood` cannot
 * recognize them from the value alone, so the guard of a session reports both kinds to this file.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import {
  CircuitBreakerError,
  isCircuitBreakerError,
  nameErrorClass,
} from "../../breaker/errors.js";

const CODE = "LAST_GOOD_REFUSED";

/**
 * The error of an operation whose value a `lastGood` must not reuse. Ids and objects of a Dagger session
 * are useless in another session. A stored answer cannot replace a `publish` or an `export`. `code` is
 * `"LAST_GOOD_REFUSED"`.
 */
export class LastGoodRefusedError extends CircuitBreakerError {
  constructor(what: string) {
    super(`lastGood cannot reuse ${what}; use another fallback`, CODE, {
      refused: true,
    });
  }

  static {
    nameErrorClass(LastGoodRefusedError, "LastGoodRefusedError");
  }
}

/** Returns whether `error` is a {@link LastGoodRefusedError} of this or another copy of the package. */
export function isLastGoodRefusedError(error: unknown): error is LastGoodRefusedError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

/** The session ids that the current operation under a `lastGood` has received. */
const scopes = new AsyncLocalStorage<Set<string>>();

/**
 * Runs an operation whose value a `lastGood` will remember.
 *
 * @throws The operation's error, or LastGoodRefusedError for a value that must not be remembered.
 */
export function runUnderLastGood<T>(operation: () => T | PromiseLike<T>): Promise<T> {
  const ids = new Set<string>();
  return scopes.run(ids, async () => {
    const value = await operation();
    for (const one of Array.isArray(value) ? value : [value]) {
      if (isSessionObject(one)) throw new LastGoodRefusedError("an object of a Dagger session");
      if (ids.has(one)) throw new LastGoodRefusedError("an id of a Dagger session");
    }
    return value;
  });
}

/** Records the session ids of an answer for the current `lastGood`, if there is one. */
export function noteSessionIds(ids: Iterable<string>): void {
  const scope = scopes.getStore();
  if (scope !== undefined) for (const id of ids) scope.add(id);
}

/**
 * Throws if the current operation runs under a `lastGood`, because a stored answer cannot replace this
 * effect. Call the function before the effect.
 *
 * @throws LastGoodRefusedError under a `lastGood`.
 */
export function refuseUnderLastGood(effect: string): void {
  if (scopes.getStore() !== undefined) throw new LastGoodRefusedError(`"${effect}"`);
}

/** Recognizes an object of the Dagger SDK by its field `_ctx`, which refers to a session. */
function isSessionObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_ctx" in value;
}
