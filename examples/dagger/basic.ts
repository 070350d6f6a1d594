/**
 * One breaker for an upstream that fails for a while. The circuit goes from closed to open, half-open, and
 * closed again.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { CircuitBreaker, isCircuitBreakerOpenError, logTo } from "dagger-circuit-breaker";

const breaker = new CircuitBreaker({ name: "api", failureThreshold: 3, resetTimeoutMs: 200 });
const print = (line: string) => console.log(`  ${line}`);
logTo(breaker, { debug: () => undefined, info: print, warn: print });

let upstreamIsUp = true;

await call();

console.log("\nThe upstream goes down; three failures in a row open the circuit.");
upstreamIsUp = false;
for (let attempt = 1; attempt <= 3; attempt += 1) await call();

console.log("\nWhile it is open, no call reaches the upstream.");
await call();

console.log("\nThe upstream is back, and after the reset timeout one call probes it.");
upstreamIsUp = true;
// A timer can fire up to a millisecond early, so the wait is a millisecond longer.
await sleep(Math.ceil(breaker.check().retryAfterMs ?? 0) + 1);
await call();

console.log("\nCounts:", breaker.getMetrics().metrics);

/** Makes one call through the breaker and prints its result. */
async function call(): Promise<void> {
  try {
    console.log(`answer: ${await breaker.execute(askUpstream)}`);
  } catch (error) {
    if (!isCircuitBreakerOpenError(error)) console.log(`failure: ${(error as Error).message}`);
    else console.log(`rejected: ${error.message}, at most ${error.retryAfterMs?.toFixed()} ms`);
  }
}

async function askUpstream(): Promise<string> {
  if (!upstreamIsUp) throw new Error("503 Service Unavailable");
  return "hello";
}
