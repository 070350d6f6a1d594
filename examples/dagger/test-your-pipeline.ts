/** Tests, without an engine, how your own pipeline handles a registry's rate limit. */

import assert from "node:assert/strict";
import { isCircuitBreakerOpenError, withFallback } from "dagger-circuit-breaker";
import { classifyFailure } from "dagger-circuit-breaker/attribution";
import { type Client, connect, guardRegistry } from "dagger-circuit-breaker/dagger";
import { startSessionDouble } from "dagger-circuit-breaker/testing";

/** Pulls from Docker Hub, and after a rate limit from a mirror. This is the pipeline under test. */
function greet(client: Client): Promise<string> {
  const greetOn = (image: string) =>
    client.container().from(image).withExec(["echo", "hello"]).stdout();
  return withFallback(
    () => greetOn("alpine:3.20"),
    () => greetOn("mirror.gcr.io/library/alpine:3.20"),
    { shouldFallback: (error) => isCircuitBreakerOpenError(error) || isRateLimit(error) },
  );
}

function isRateLimit(error: unknown): boolean {
  return classifyFailure(error).limited;
}

console.log("Docker Hub answers 429, as it does when a runner's address has pulled too much.");
const session = await startSessionDouble({
  faults: [{ host: "docker.io", kind: "status", status: 429 }],
});
Object.assign(process.env, session.environment);
const requestsToDockerHub = () => session.requestsTo("registry-1.docker.io");

assert.equal(await connect(greet), "hello\n");
assert.equal(requestsToDockerHub(), 6);
console.log("ok: the pipeline works, and one pull sent Docker Hub six requests");

assert.equal(guardRegistry.get("registry:docker.io").state, "open");
assert.equal(await connect(greet), "hello\n");
assert.equal(requestsToDockerHub(), 6);
console.log("ok: the second run uses the mirror at once, and sends Docker Hub nothing");

session.setFaults([]);
guardRegistry.resetAll();
assert.equal(await connect(greet), "hello\n");
assert.ok(requestsToDockerHub() > 6);
console.log("ok: after the rate limit, the pipeline is back on Docker Hub");

await session.stop();
