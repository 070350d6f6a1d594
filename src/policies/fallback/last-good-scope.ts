/**
 * Keeps a `lastGood` from remembering two kinds of values: those that only one Dagger session can
 * use, and those of operations with an effect, such as a publish. A `lastGood` sees the value alone,
 * so the guard of a session reports both kinds here.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import {
  CircuitBreakerError,
  isCircuitBreakerError,
  nameErrorClass,
} from "../../breaker/errors.js";

const CODE = "LAST_GOOD_REFUSED";

/**
 * The error of a `lastGood` that must not answer. Ids and objects of a Dagger session are useless
 * in another session, and an old answer does not `publish` or `export`. `code` is
 * `"LAST_GOOD_REFUSED"`.
 */
export class LastGoodRefusedError extends CircuitBreakerError {
  constructor(what: string) {
    super(`lastGood cannot stand in for ${what}, use a fallback that is made for it`, CODE, {
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

/** The session ids that an operation under a `lastGood` has received. */
const scopes = new AsyncLocalStorage<Set<string>>();

/**
 * Runs an operation whose value will be remembered.
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

/** Records the session ids of an answer. */
export function noteSessionIds(ids: Iterable<string>): void {
  const scope = scopes.getStore();
  if (scope !== undefined) for (const id of ids) scope.add(id);
}

/**
 * Rejects an effect that an old answer cannot replace. Call it before the effect.
 *
 * @throws LastGoodRefusedError under a `lastGood`.
 */
export function refuseUnderLastGood(effect: string): void {
  if (scopes.getStore() !== undefined) throw new LastGoodRefusedError(`"${effect}"`);
}

/** Objects of the Dagger SDK refer to their session through `_ctx`. */
function isSessionObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_ctx" in value;
}
