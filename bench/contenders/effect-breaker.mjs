/**
 * Creates the circuit breaker of Effect 4 with its state in Redis, and options like those of the other
 * breakers.
 */

import { NodeRedis } from "@effect/platform-node";
import { Effect, Layer, ManagedRuntime } from "effect";
import { CircuitBreaker } from "effect/persistence";

const NEVER = 1_000_000;

/** Returns functions that make calls in Effect's own way, with an operation that returns a promise. */
export async function effectBreaker(url) {
  const store = CircuitBreaker.layerStoreRedis().pipe(Layer.provide(NodeRedis.layer({ url })));
  const policy = { tripPolicy: CircuitBreaker.consecutive(NEVER), openDuration: "1 hour" };
  const runtime = ManagedRuntime.make(CircuitBreaker.layer(policy).pipe(Layer.provide(store)));
  const breaker = await runtime.runPromise(CircuitBreaker.CircuitBreaker);
  const guarded = (key, operation) => breaker.execute(Effect.promise(operation), { key });
  return {
    /** Makes one call. Resolves when the store has its outcome. */
    call: (key, operation) => runtime.runPromise(guarded(key, operation)),
    /** Runs several callers at once, each with a number of calls. Resolves to the sum of the values. */
    async callers(count, calls, key, operation) {
      const caller = Effect.gen(function* () {
        let sum = 0;
        for (let i = 0; i < calls; i += 1) sum += yield* guarded(key, operation);
        return sum;
      });
      const callers = Array.from({ length: count }, () => caller);
      const sums = await runtime.runPromise(Effect.all(callers, { concurrency: "unbounded" }));
      return sums.reduce((total, sum) => total + sum, 0);
    },
    close: () => runtime.dispose(),
  };
}
