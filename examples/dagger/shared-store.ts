/** Two terminals with one store: an outcome in the first terminal stops calls in the second. */

import { createRegistry, isCircuitBreakerOpenError } from "dagger-circuit-breaker";
import { connect } from "dagger-circuit-breaker/dagger";
import { createFleet, type Fleet, isSharedCircuitOpenError } from "dagger-circuit-breaker/fleet";
import { startDouble } from "./double.js";
import type { Story } from "./story.js";

const CIRCUIT = "registry:docker.io";
const SCOPE = "example";

/**
 * Pulls once from a Docker Hub that answers 429. The first run opens the shared circuit for a minute.
 * During that minute, all other runs are rejected, even on other machines.
 *
 * @param store The URL of the store, such as `redis://127.0.0.1:6379` or `sqlite:/tmp/fleet.db`.
 */
export async function tellSharedStore(story: Story, store: string): Promise<void> {
  story.chapter("Docker Hub answers 429, and one store informs all terminals");
  const fleet = createFleet({ store, scope: SCOPE });
  let downReason = "";
  fleet.on("storeDown", ({ reason }) => {
    downReason = reason;
  });
  if (await fleet.open({ timeoutMs: 10_000 })) await pullWith(story, fleet);
  else story.expect(`the store can be reached (${downReason})`, false);
  await fleet.close();
}

async function pullWith(story: Story, fleet: Fleet): Promise<void> {
  const before = await circuitOf(fleet);
  const isOpen = before?.state === "open" && before.retryAfterMs > 0;
  story.tell(
    "circuit",
    `circuit "${CIRCUIT}" in the store: ${isOpen ? "open" : "admits"}`,
    {},
    "note",
  );
  const double = await startDouble({
    faults: [{ host: "docker.io", kind: "status", status: 429 }],
  });
  Object.assign(process.env, double.environment);
  const outcome = await pull(story, fleet);
  const asked = double.requestsTo("registry-1.docker.io");
  await double.stop();
  story.tell("asked", `the registry received ${asked} requests`, { outcome, asked }, "note");
  if (isOpen) {
    story.expect("a circuit that another terminal opened rejects the pull", outcome === "rejected");
    story.expect("a rejected pull sends no request to the registry", asked === 0);
    return;
  }
  story.expect("the first pull fails", outcome === "failed");
  await fleet.flush();
  const after = await circuitOf(fleet);
  story.expect("the circuit is open for all processes now", after?.state === "open");
  const seconds = Math.ceil((after?.retryAfterMs ?? 0) / 1000);
  story.tell("again", `Run the same in another terminal within ${seconds} s.`, { seconds }, "good");
}

async function circuitOf(fleet: Fleet) {
  const circuits = await fleet.status();
  return circuits.find(({ name }) => name === CIRCUIT)?.snapshot;
}

async function pull(story: Story, fleet: Fleet): Promise<"ran" | "failed" | "rejected"> {
  try {
    await connect((client) => client.container().from("alpine:3.20").sync(), {
      guard: { registry: createRegistry(), fleet },
    });
    story.tell("call", "pull alpine:3.20 -> ran", { outcome: "ran" }, "good");
    return "ran";
  } catch (error) {
    if (!isCircuitBreakerOpenError(error)) {
      story.tell("call", "pull alpine:3.20 -> failed: 429", { outcome: "failed" }, "bad");
      return "failed";
    }
    const openedBy = isSharedCircuitOpenError(error) ? error.openedBy : null;
    const text = `pull alpine:3.20 -> rejected: ${error.message}`;
    story.tell("call", text, { outcome: "rejected", openedBy }, "note");
    return "rejected";
  }
}
