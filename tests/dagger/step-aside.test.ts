// Tests the SDK's guard in a program whose session already has a guard. The proxy rejects, and the SDK's
// guard throws that rejection.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, isSessionLostError } from "../../src/dagger/index.js";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry, isCircuitBreakerOpenError, isTimeoutError } from "../../src/index.js";
import { type SessionProxy, startSessionProxy } from "../../src/proxy/session-proxy.js";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";

let double: SessionDouble;
let proxy: SessionProxy;
const outer = () => createRegistry();
let registry = outer();

async function enter(options: ConstructorParameters<typeof Guard>[0] = {}): Promise<void> {
  registry = outer();
  double = await startSessionDouble({ lostSessionDelayMs: 20 });
  const target = { port: double.port, token: double.token };
  proxy = await startSessionProxy({ guard: new Guard({ ...options, registry }), target });
  vi.stubEnv("DAGGER_SESSION_PORT", `${proxy.address.port}`);
  vi.stubEnv("DAGGER_SESSION_TOKEN", proxy.address.token);
  vi.stubEnv("DAGGER_BREAKER_PROXY", "1");
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await proxy.close();
  await double.stop();
});

const inner = createRegistry();
const pull = (image = "alpine") =>
  connect((client) => client.container().from(image).withExec(["true"]).sync(), {
    guard: { registry: inner },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );

test("counts requests once, in the proxy", async () => {
  await enter();
  expect(await pull()).toBeUndefined();
  expect(registry.get("engine").getMetrics().metrics.successCount).toBeGreaterThan(0);
  expect([...inner.getAll().values()].map(({ name, state }) => [name, state])).toEqual([]);
});

test("throws a rejection of the proxy as the error of our own guard", async () => {
  await enter();
  registry.get("registry:docker.io").isolate("maintenance");
  const isolated = await pull();
  expect(isCircuitBreakerOpenError(isolated)).toBe(true);
  expect(isolated).toMatchObject({ breakerName: "registry:docker.io", reason: "isolated" });
  double.fail({ host: "ghcr.io", kind: "status", status: 429 });
  await pull("ghcr.io/acme/app:1");
  const open = await pull("ghcr.io/acme/app:2");
  expect(open).toMatchObject({ breakerName: "registry:ghcr.io", reason: "open" });
  expect((open as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
});

test("reports a timeout and a lost session as such", async () => {
  await enter({ operationTimeoutMs: 300 });
  double.fail({ operation: "from", kind: "hang" });
  expect(isTimeoutError(await pull())).toBe(true);
  double.setFaults([]);
  const errors: unknown[] = [];
  await connect(
    async (client) => {
      await client.version();
      double.restart();
      for (let request = 0; request < 3; request += 1) {
        await client
          .container()
          .from("alpine")
          .sync()
          .catch((error) => errors.push(error));
      }
    },
    { guard: { registry: inner } },
  ).catch((error) => errors.push(error));
  expect(errors.some(isSessionLostError)).toBe(true);
});
