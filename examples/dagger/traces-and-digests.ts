/** Shows what the engine's own traces and known digests add. Runs with --traces, on the session double. */

import { createRegistry, type Registry } from "dagger-circuit-breaker";
import {
  type Client,
  type ConnectGuardOptions,
  connect,
  MemoryDigests,
} from "dagger-circuit-breaker/dagger";
import type { SessionDouble } from "dagger-circuit-breaker/testing";
import { startDouble } from "./double.js";
import type { Story } from "./story.js";

const HUB = "registry:docker.io";
const IMAGE = "docker.io/library/alpine:3.20";

/** Runs both chapters. */
export async function tellTracesAndDigests(story: Story): Promise<void> {
  const double = await startDouble();
  delete process.env.DAGGER_SESSION_PORT;
  delete process.env.DAGGER_SESSION_TOKEN;
  Object.assign(process.env, await double.cliEnvironment());
  try {
    await tellProofs(story);
    await tellDigests(story, double);
  } finally {
    await double.stop();
  }
}

async function tellProofs(story: Story): Promise<void> {
  story.chapter("With the engine's traces: answers of the registry and of the cache are distinct");
  const registry = createRegistry();
  await connect(
    async (client) => {
      await run(client, "first");
      await settled(registry, 1);
      tellCount(story, "a pull with an exchange in its spans", successes(registry));
      await run(client, "second");
      await sleep(500);
      tellCount(story, "the same image from the engine's cache", successes(registry));
    },
    { guard: { registry, traces: true } },
  );
  story.expect("only the exchange was a success of the registry", successes(registry) === 1);
}

async function tellDigests(story: Story, double: SessionDouble): Promise<void> {
  story.chapter("With known digests a pipeline works without its registry");
  const pin: ConnectGuardOptions["pin"] = {
    maxAgeMs: 3_600_000,
    store: new MemoryDigests(),
    onUse: ({ reference, digest }) => {
      const text = `  ${reference} is requested by its digest ${digest.slice(0, 19)}...`;
      story.tell("pinned", text, { reference, digest }, "note");
    },
  };
  for (const count of [1, 2, 3]) {
    if (count === 3) double.setFaults([{ host: "docker.io", kind: "status", status: 503 }]);
    const before = double.requestsTo("registry-1.docker.io");
    const guard = { registry: createRegistry(), pin };
    const output = await connect((client) => run(client, `run ${count}`), { guard });
    const asked = double.requestsTo("registry-1.docker.io") - before;
    const state = count === 3 ? "its registry is down" : "its registry is up";
    const text = `run ${count}, ${state}: ran, and asked it ${asked} times`;
    story.tell("call", text, { run: count, asked }, "good");
    story.expect(`run ${count} works`, output === `run ${count}\n`);
    if (count === 3) story.expect("the last run sends no request to the registry", asked === 0);
  }
}

function run(client: Client, what: string): Promise<string> {
  return client.container().from(IMAGE).withExec(["echo", what]).stdout();
}

function tellCount(story: Story, what: string, count: number): void {
  const text = `${what} -> ${HUB} has ${count} success`;
  story.tell("proof", text, { what, successCount: count }, "good");
}

function successes(registry: Registry): number {
  return registry.find(HUB)?.getMetrics().metrics.successCount ?? 0;
}

/** Waits until calls are settled. Permits wait for the engine's spans, but callers do not. */
async function settled(registry: Registry, count: number): Promise<void> {
  for (let waits = 0; waits < 20 && successes(registry) < count; waits += 1) await sleep(100);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
