/** Permits by hand: the caller decides what an HTTP answer means for the circuit, including `Retry-After`. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CircuitBreaker } from "dagger-circuit-breaker";
import { VirtualClock } from "dagger-circuit-breaker/testing";

const server = createServer((request, response) => {
  const limited = request.url === "/limited";
  const status = limited ? 429 : request.url === "/missing" ? 404 : 200;
  response.writeHead(status, limited ? { "retry-after": "120" } : {}).end();
});
await once(server.listen(0, "127.0.0.1"), "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const clock = new VirtualClock();
const breaker = new CircuitBreaker({ name: "api", resetTimeoutMs: 60_000, clock });

await get("/");
await get("/missing");
await get("/limited");
await get("/");
console.log("\nOne minute later: the reset timeout is over, but not the server's delay:");
clock.advance(60_000);
await get("/");
console.log("\nTwo minutes after the answer:");
clock.advance(60_000);
await get("/");
notNeededAfterAll();
console.log("\ncounts:", breaker.getMetrics().metrics);
server.close();

/** Makes one request with a permit. The status of the answer decides the outcome of the permit. */
async function get(path: string): Promise<void> {
  const permit = breaker.tryAcquire();
  if (permit instanceof Error) {
    console.log(`${path} -> ${permit.message}`);
    return;
  }
  try {
    const { status, headers } = await fetch(origin + path);
    console.log(`${path} -> ${status}`);
    const retryAfterMs = Number(headers.get("retry-after") ?? 0) * 1000;
    // One rate limit is enough to open the circuit. A 404 is a success, because it proves that the server
    // works.
    if (status === 429) permit.failure(new Error("429"), { retryAfterMs, openNow: true });
    else if (status >= 500) permit.failure(new Error(String(status)), { retryAfterMs });
    else permit.success();
  } catch (error) {
    permit.failure(error);
  }
}

/**
 * Takes a permit and leaves its block without settling it. The permit is then released, and no outcome is
 * counted.
 */
function notNeededAfterAll(): void {
  using permit = breaker.acquire();
  console.log(`\nA permit of generation ${permit.generation} is released unused.`);
}
