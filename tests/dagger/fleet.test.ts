// Tests that pipelines share their outcomes, with the real SDK and the session double.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, type GuardOptions } from "../../src/dagger/index.js";
import { createFleet } from "../../src/fleet/client/fleet.js";
import { isSharedCircuitOpenError } from "../../src/fleet/client/shared-open-error.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { createRegistry } from "../../src/index.js";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { startServer, TOKEN } from "../fleet/http-scene.js";

let double: SessionDouble;

beforeEach(async () => {
  double = await startSessionDouble({
    faults: [{ host: "docker.io", kind: "status", status: 429 }],
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await double.stop();
});

/** Runs a pipeline with breakers of its own. Returns the pipeline's failure. */
async function pull(image: string, guard: GuardOptions = {}): Promise<unknown> {
  const session = await double.openSession();
  vi.stubEnv("DAGGER_SESSION_PORT", session.environment.DAGGER_SESSION_PORT);
  vi.stubEnv("DAGGER_SESSION_TOKEN", session.environment.DAGGER_SESSION_TOKEN);
  try {
    return await connect(
      (client) => client.container().from(image).withExec(["echo", "ran"]).stdout(),
      { guard: { registry: createRegistry(), ...guard } },
    );
  } catch (error) {
    return error;
  } finally {
    await session.stop();
  }
}

test("rejects a call because of another pipeline's rate limit, and names that pipeline", async () => {
  const store = memoryStore();
  const one = createFleet({ store, reporter: { host: "runner-1" } });
  const other = createFleet({ store, reporter: { host: "runner-2" } });
  await pull("alpine:3", { fleet: one });
  const asked = double.requestsTo("registry-1.docker.io");
  const refusal = await pull("alpine:3", { fleet: other });
  expect(isSharedCircuitOpenError(refusal) && refusal.openedBy?.host).toBe("runner-1");
  expect(double.requestsTo("registry-1.docker.io")).toBe(asked);
  expect(await pull("ghcr.io/acme/app:1", { fleet: other })).toBe("ran\n");
  await Promise.all([one.close(), other.close()]);
});

test("reports to a slow store, but the caller of connect does not wait", async () => {
  const store = memoryStore();
  const run = store.run.bind(store);
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  store.run = async (key, command) => {
    if (command.kind === "settle") await held;
    return run(key, command);
  };
  const fleet = createFleet({ store, timeoutMs: 10_000 });
  expect(await pull("alpine:3", { fleet })).toBeInstanceOf(Error);
  expect(fleet.getMetrics().commands).toMatchObject({ sentCount: 2, timedOutCount: 0 });
  answer();
  await expect.poll(async () => JSON.stringify(await fleet.status())).toContain('"state":"open"');
  await fleet.close();
});

test("a store from the environment needs no change of code", async () => {
  const server = await startServer();
  vi.stubEnv("DAGGER_BREAKER_STORE", server.url);
  vi.stubEnv("DAGGER_BREAKER_STORE_TOKEN", TOKEN);
  vi.stubEnv("DAGGER_BREAKER_SCOPE", "egress-1");
  await pull("alpine:3");
  const refusal = await pull("alpine:3");
  expect(isSharedCircuitOpenError(refusal) && refusal.scope).toBe("egress-1");
});

test("a missing store from the environment affects no pipeline", async () => {
  vi.stubEnv("DAGGER_BREAKER_STORE", "http://127.0.0.1:1");
  vi.stubEnv("DAGGER_BREAKER_STORE_TOKEN", TOKEN);
  expect(await pull("ghcr.io/acme/app:1")).toBe("ran\n");
});

test("reports an invalid store by its variable, without its password", async () => {
  vi.stubEnv("DAGGER_BREAKER_STORE", "mysql://user:hunter2@db");
  const error = await pull("ghcr.io/acme/app:1");
  expect(String(error)).toMatch(/RangeError: .*DAGGER_BREAKER_.* expected a URL that begins with/);
  expect(String(error)).not.toContain("hunter2");
});
