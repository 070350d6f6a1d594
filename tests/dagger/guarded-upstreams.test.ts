// Tests that each upstream has a breaker, with the real SDK and the session double.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, type GuardOptions } from "../../src/dagger/index.js";
import {
  createRegistry,
  isCircuitBreakerOpenError,
  metricsText,
  type Registry,
} from "../../src/index.js";
import { type SessionDouble, startSessionDouble, VirtualClock } from "../../src/testing/index.js";

let double: SessionDouble;
let clock: VirtualClock;
let registry: Registry;

beforeEach(async () => {
  double = await startSessionDouble();
  vi.stubEnv("DAGGER_SESSION_PORT", double.environment.DAGGER_SESSION_PORT);
  vi.stubEnv("DAGGER_SESSION_TOKEN", double.environment.DAGGER_SESSION_TOKEN);
  clock = new VirtualClock();
  registry = createRegistry({ defaults: { clock } });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await double.stop();
});

/** Pulls an image and runs a command on it, in a new session. */
async function pull(image: string, guard: GuardOptions = {}): Promise<string> {
  const session = await double.openSession();
  vi.stubEnv("DAGGER_SESSION_PORT", session.environment.DAGGER_SESSION_PORT);
  vi.stubEnv("DAGGER_SESSION_TOKEN", session.environment.DAGGER_SESSION_TOKEN);
  try {
    return await connect(
      (client) => client.container().from(image).withExec(["echo", "ran"]).stdout(),
      { guard: { registry, ...guard } },
    );
  } catch (error) {
    if (isCircuitBreakerOpenError(error)) return `rejected by ${error.breakerName}`;
    return "failed";
  } finally {
    await session.stop();
  }
}

test("Docker Hub at 429 opens only registry:docker.io, and an image of another registry still runs", async () => {
  double.setFaults([{ host: "docker.io", kind: "status", status: 429 }]);
  expect(await pull("alpine:3")).toBe("failed");
  const asked = double.requestsTo("registry-1.docker.io");
  expect(await pull("alpine:3")).toBe("rejected by registry:docker.io");
  expect(double.requestsTo("registry-1.docker.io")).toBe(asked);
  expect(await pull("ghcr.io/acme/app:1")).toBe("ran\n");
});

test("leaves a registry alone during ten seconds of outage, and finds it when it is back", async () => {
  double.setFaults([{ host: "docker.io", kind: "status", status: 503 }]);
  for (let second = 0; second < 10; second += 1) {
    await pull("alpine:3");
    clock.advance(1000);
  }
  expect(await pull("alpine:3")).toBe("rejected by registry:docker.io");
  double.setFaults([]);
  clock.advance(60_000);
  expect(await pull("alpine:3")).toBe("ran\n");
  expect(registry.get("registry:docker.io").state).toBe("closed");
});

test("an image pinned by digest runs while its registry's circuit is open", async () => {
  registry.get("registry:docker.io").isolate("down");
  const digest = `sha256:${"4fcc380aac80c17646cd400d073fd526".repeat(2)}`;
  expect(await pull(`alpine@${digest}`)).toBe("ran\n");
});

test("pulls an image from the mirror while the registry's circuit is open", async () => {
  double.setFaults([{ host: "docker.io", kind: "status", status: 429 }]);
  const guard = { mirrors: { "docker.io": ["mirror.gcr.io"] } };
  expect(await pull("alpine:3", guard)).toBe("failed");
  expect(await pull("alpine:3", guard)).toBe("ran\n");
  expect(double.requestsTo("mirror.gcr.io")).toBeGreaterThan(0);
});

test("an object passed as an argument adds its upstreams by its id", async () => {
  await connect(
    async (client) => {
      const source = client.container().from("alpine:3").directory("/tmp");
      await source.id();
      registry.get("registry:docker.io").isolate("down");
      const container = client.container().from("ghcr.io/acme/app:1");
      const run = container.withDirectory("/source", source).withExec(["true"]).sync();
      await expect(run).rejects.toMatchObject({ breakerName: "registry:docker.io" });
    },
    { guard: { registry } },
  );
});

test("a user's failing command on fifty images opens nothing", async () => {
  await connect(
    async (client) => {
      const runs = Array.from({ length: 50 }, (_, index) =>
        client.container().from(`alpine:${index}`).withExec(["false"]).sync(),
      );
      await Promise.allSettled(runs);
    },
    { guard: { registry } },
  );
  expect([...registry.getAll().values()].every(({ state }) => state === "closed")).toBe(true);
});

test("a guarded client has the metrics of its guard's registry", async () => {
  const [ofClient, ofRegistry] = await connect(
    async (client) => {
      await client.container().from("alpine:3").withExec(["true"]).sync();
      return [metricsText(client), metricsText(registry)];
    },
    { guard: { registry } },
  );
  expect(ofClient).toBe(ofRegistry);
  expect(ofClient).toContain(
    'dagger_breaker_engine_lost_sessions_total{dagger_breaker_circuit_name="engine"} 0',
  );
});
