/**
 * What may not be remembered as a last good value: what only one session of Dagger can use, and what
 * was done rather than read. A `lastGood` sees a value alone, so the guard of a session tells it.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import {
  CircuitBreakerError,
  isCircuitBreakerError,
  nameErrorClass,
} from "../../breaker/errors.js";

const CODE = "LAST_GOOD_REFUSED";

/**
 * A `lastGood` was to stand in for what it cannot: an id or an object of a Dagger session, which are
 * of no use in another, or a `publish` or `export`, which an old answer does not do. `code` is
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

/** Whether `error` is a {@link LastGoodRefusedError} of this or of another copy of the package. */
export function isLastGoodRefusedError(error: unknown): error is LastGoodRefusedError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

/** The ids that an operation under a `lastGood` has met. */
const scopes = new AsyncLocalStorage<Set<string>>();

/**
 * Runs an operation whose value is to be remembered.
 *
 * @throws What the operation throws; LastGoodRefusedError for a value that must not be remembered.
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

/** Notes ids of a session that an answer holds. */
export function noteSessionIds(ids: Iterable<string>): void {
  const scope = scopes.getStore();
  if (scope !== undefined) for (const id of ids) scope.add(id);
}

/**
 * To be called before something is done that an old answer cannot stand in for.
 *
 * @throws LastGoodRefusedError under a `lastGood`.
 */
export function refuseUnderLastGood(effect: string): void {
  if (scopes.getStore() !== undefined) throw new LastGoodRefusedError(`"${effect}"`);
}

/** Objects of the Dagger SDK hold their chain, and through it their session, in `_ctx`. */
function isSessionObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_ctx" in value;
}
