/** The outage of a registry: Docker Hub answers with a rate limit, and only its circuit opens. */

import { createRegistry, isCircuitBreakerOpenError } from "dagger-circuit-breaker";
import { type Client, connect } from "dagger-circuit-breaker/dagger";
import { startDouble } from "./double.js";
import type { Story } from "./story.js";

/** Pulls from a registry that answers 429, and shows the results. */
export async function tellRegistryOutage(story: Story): Promise<void> {
  story.chapter("Docker Hub answers 429: its circuit opens, and no other");
  const double = await startDouble({
    faults: [{ host: "docker.io", kind: "status", status: 429 }],
  });
  Object.assign(process.env, double.environment);
  const registry = createRegistry();
  registry.onBreaker((breaker) => {
    story.watch(breaker);
  });
  await connect(
    async (client) => {
      story.expect("the first pull fails", (await pull(story, client, "alpine:3.20")) === "failed");
      const asked = double.requestsTo("registry-1.docker.io");
      const second = await pull(story, client, "node:24");
      story.expect("the second pull is rejected", second === "rejected");
      const avoided = asked - (double.requestsTo("registry-1.docker.io") - asked);
      story.expect("a rejected pull sends no request to the registry", avoided === asked);
      story.tell(
        "spared",
        `the rejected pull avoided ${avoided} requests to the registry`,
        { spared: avoided },
        "note",
      );
      const other = await pull(story, client, "ghcr.io/acme/app:1");
      story.expect("an image of another registry runs", other === "ran");
    },
    { guard: { registry } },
  );
  await double.stop();
  const state = (name: string) => registry.get(name).state;
  story.expect("only Docker Hub's circuit is open", state("registry:docker.io") === "open");
  story.expect("the circuit of ghcr.io is closed", state("registry:ghcr.io") === "closed");
  story.expect("the engine's circuit is closed", state("engine") === "closed");
}

async function pull(story: Story, client: Client, image: string) {
  try {
    await client.container().from(image).withExec(["true"]).sync();
    story.tell("call", `pull ${image} -> ran`, { image, outcome: "ran" }, "good");
    return "ran";
  } catch (error) {
    const outcome = isCircuitBreakerOpenError(error) ? "rejected" : "failed";
    const why = isCircuitBreakerOpenError(error) ? error.message : "429 Too Many Requests";
    const mood = outcome === "failed" ? "bad" : "note";
    story.tell("call", `pull ${image} -> ${outcome}: ${why}`, { image, outcome }, mood);
    return outcome;
  }
}
