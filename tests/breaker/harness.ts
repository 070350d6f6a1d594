/** Sets up breakers for tests. */

import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import type { CallCounts } from "../../src/breaker/metrics.js";
import type { CircuitBreakerOptions } from "../../src/breaker/options.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";

/** Creates a breaker on virtual time. By default it opens at its first failure, for 1,000 ms. */
export function setUp(options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const threshold = options.trip === undefined ? { failureThreshold: 1 } : {};
  const breaker = new CircuitBreaker({ clock, resetTimeoutMs: 1_000, ...threshold, ...options });
  return { breaker, clock };
}

/** Creates a half-open breaker with the defaults of `setUp`. All its probe slots are free. */
export function setUpHalfOpen(options: CircuitBreakerOptions = {}) {
  const { breaker, clock } = setUp(options);
  trip(breaker);
  clock.advance(1_000);
  breaker.acquire().release();
  return { breaker, clock };
}

/** Opens a circuit with one failure. */
export function trip(breaker: CircuitBreaker, error: unknown = new Error("down")): void {
  breaker.acquire().failure(error, { openNow: true });
}

/** Returns the counters that are not 0. */
export function counted(breaker: CircuitBreaker): Partial<CallCounts> {
  const counters = Object.entries(breaker.getMetrics().metrics);
  return Object.fromEntries(counters.filter(([, count]) => count !== 0));
}

/** Returns a promise and the functions that settle it. */
export function deferred<T = string>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Returns a thenable that is not a promise. */
export function thenable(
  then: (onValue: (value: unknown) => void, onError: (error: unknown) => void) => void,
): PromiseLike<never> {
  return { then } as PromiseLike<never>;
}

/** Returns an object that throws on any access. */
export function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
