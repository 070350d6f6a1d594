/** Combines all policies around one call. From the outside in: fallback, timeout, retry, breaker, timeout. */

import {
  bulkhead,
  CircuitBreaker,
  createRetry,
  isCircuitBreakerOpenError,
  lastGood,
  withFallback,
  withTimeout,
} from "dagger-circuit-breaker";

const breaker = new CircuitBreaker({ name: "prices", failureThreshold: 4 });
const connections = bulkhead({ name: "prices", maxConcurrent: 2, maxQueued: 10 });
const retry = createRetry({
  maxRetries: 2,
  initialDelayMs: 10,
  onRetry: ({ attempt, error }) => console.log(`  attempt ${attempt}: ${describe(error)}`),
});
const remembered = lastGood<number>({ maxAgeMs: 60_000 });

/** How the upstream behaves in the next calls. When the list is empty, it answers. */
let plan: ("fails" | "hangs")[] = [];

await show("It answers.", []);
await show("It fails once: the retry gets an answer.", ["fails"]);
await show("It hangs once: the timeout of one attempt ends it.", ["hangs"]);
await show("It is down: the last good price replaces the answer.", ["fails", "fails", "fails"]);
await show("It is still down: the circuit opens, and the retries stop.", ["fails"]);
await show("The circuit is open: no call reaches the upstream.", []);
console.log("\ncounts of the breaker:", breaker.getMetrics().metrics);
console.log("retries left in the budget:", retry.budget.tokens);

async function show(title: string, next: typeof plan): Promise<void> {
  plan = [...next];
  console.log(`\n${title}`);
  console.log(`price: ${await price()}`);
}

/** Makes a call through all policies. */
function price(): Promise<number> {
  const attempt = () => withTimeout(() => connections.execute(askUpstream), { timeoutMs: 50 });
  const guarded = () => breaker.execute(attempt);
  return withFallback(
    () => withTimeout(({ signal }) => retry.execute(guarded, { signal }), { timeoutMs: 2_000 }),
    remembered,
  );
}

async function askUpstream(): Promise<number> {
  const next = plan.shift();
  if (next === "fails") throw new Error("503 Service Unavailable");
  if (next === "hangs") await new Promise(() => {});
  return 42;
}

function describe(error: unknown): string {
  return isCircuitBreakerOpenError(error) ? "rejected" : (error as Error).message;
}
