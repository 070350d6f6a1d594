/** Breakers by name: one for each upstream, shared by all its callers. */

import {
  createRegistry,
  getAllCircuitBreakers,
  getCircuitBreaker,
  logTo,
  resetAllCircuitBreakers,
} from "dagger-circuit-breaker";

console.log("The registry of the process: the same name is the same breaker.");
const payments = getCircuitBreaker("payments", { failureThreshold: 1, resetTimeoutMs: 30_000 });
console.log("same instance:", getCircuitBreaker("payments") === payments);

console.log("\nOther options for an existing name are a mistake, and the error shows both.");
try {
  getCircuitBreaker("payments", { failureThreshold: 5, resetTimeoutMs: 30_000 });
} catch (error) {
  console.log(String(error));
}

console.log("\nAll breakers by name, and a reset that keeps an isolation.");
payments.acquire().failure(new Error("down"));
getCircuitBreaker("search").isolate("maintenance until noon");
showAll();
resetAllCircuitBreakers();
showAll();

console.log("\nA registry of your own is bounded, has defaults, and reports new breakers.");
const hosts = createRegistry({ maxBreakers: 2, defaults: { failureThreshold: 1 } });
logTo(hosts, console);
hosts.get("a.example").acquire().failure(new Error("down"));
hosts.get("b.example");
hosts.get("c.example");
console.log("kept:", [...hosts.getAll().keys()].join(", "), "(an idle one made room)");

function showAll(): void {
  const states = [...getAllCircuitBreakers()].map(([name, { state }]) => `${name} is ${state}`);
  console.log(states.join(", "));
}
