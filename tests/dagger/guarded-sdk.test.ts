// Tests the guarded SDK with the session double: the real SDK, real sockets, real processes.

import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type Client,
  connect,
  connection,
  dag,
  ExecError,
  guard,
  isSessionLostError,
} from "../../src/dagger/index.js";
import {
  type CircuitBreaker,
  createRegistry,
  isCircuitBreakerOpenError,
  isLastGoodRefusedError,
  isTimeoutError,
  lastGood,
  type Registry,
  withFallback,
} from "../../src/index.js";
import { type SessionDouble, startSessionDouble, VirtualClock } from "../../src/testing/index.js";
import { DEFAULT_ENGINE } from "../session-double/engines.js";

let double: SessionDouble;
let registry: Registry;
let engine: CircuitBreaker;

beforeEach(async () => {
  double = await startSessionDouble({ lostSessionDelayMs: 20 });
  enter(double);
  registry = createRegistry({ defaults: { failureThreshold: 2, resetTimeoutMs: 60_000 } });
  engine = registry.get("engine");
  // The SDK itself prints that its version check failed.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await double.stop();
});

function enter({ environment }: SessionDouble): void {
  vi.stubEnv("DAGGER_SESSION_PORT", environment.DAGGER_SESSION_PORT);
  vi.stubEnv("DAGGER_SESSION_TOKEN", environment.DAGGER_SESSION_TOKEN);
}

const counts = () => engine.getMetrics().metrics;
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (reason) => reason,
  );

test("connect resolves to the callback's value, and each request is one call of the engine", async () => {
  const greeting = await connect(
    (client) => client.container().from("alpine").withExec(["echo", "hi"]).stdout(),
    { guard: { registry } },
  );
  expect(greeting).toBe("hi\n");
  expect(counts()).toMatchObject({ successCount: 1, failureCount: 0 });
});

test("objects as arguments, with(fn), sync, lists and nested objects stay guarded", async () => {
  await connect(
    async (client) => {
      const source = client.directory().withNewFile("a.txt", "x");
      const container = client
        .container()
        .from("alpine")
        .with((one) => one.withEnvVariable("NAME", "value"))
        .withDirectory("/source", source);
      const synced = await container.withExec(["ls", "/source"]).sync();
      expect(await synced.stdout()).toBe("a.txt\n");
      const variables = await container.envVariables();
      const names = await Promise.all(variables.map((variable) => variable.name()));
      expect(names).toContain("NAME");
    },
    { guard: { registry } },
  );
  expect(counts().successCount).toBe(double.queries - 1);
});

test("a user's failing command reaches the user as ExecError and is a success of the engine", async () => {
  await connect(
    async (client) => {
      const test = client.container().from("alpine").withExec(["sh", "-c", "echo 503 >&2; exit 3"]);
      const error = await reasonOf(test.stdout());
      expect(error).toBeInstanceOf(ExecError);
      expect(error).toMatchObject({ exitCode: 3, stderr: "503" });
    },
    { guard: { registry } },
  );
  expect(counts()).toMatchObject({ successCount: 1, failureCount: 0 });
});

test("an error thrown by the callback arrives unchanged", async () => {
  const mine = new Error("mine");
  const error = await reasonOf(connect(() => Promise.reject(mine), { guard: { registry } }));
  expect(error).toBe(mine);
});

test("connection guards the global dag while its callback runs, and only then", async () => {
  const version = await connection(() => dag.version(), { guard: { registry } });
  expect(version).toBe(DEFAULT_ENGINE);
  expect(counts().successCount).toBe(1);
  await expect(reasonOf(dag.version())).resolves.toMatchObject({
    message: "GraphQL client is not set",
  });
});

test("guard returns a guarded copy and does not change the client", async () => {
  await connect(
    async (plain) => {
      const guarded = guard(plain, { registry });
      await guarded.version();
      expect(counts().successCount).toBe(1);
      expect(guarded.constructor).toBe(plain.constructor);
      expect(guarded).not.toBe(plain);
    },
    { guard: { registry: createRegistry() } },
  );
  expect(counts().successCount).toBe(1);
});

test("a client guarded twice has one guard, with the last options", async () => {
  await connect(
    async (client) => {
      const strict = guard(guard(client, { registry }), { registry, operationTimeoutMs: 300 });
      await strict.version();
      expect(counts().successCount).toBe(1);
      const slow = strict.container().from("alpine").withExec(["sleep", "60"]);
      expect(isTimeoutError(await reasonOf(slow.sync()))).toBe(true);
      await vi.waitFor(() => expect(counts().ignoredCount).toBe(1));
      double.kill();
      await reasonOf(strict.version());
      expect(isSessionLostError(await reasonOf(client.version()))).toBe(true);
    },
    { guard: { registry } },
  );
  expect(counts()).toMatchObject({ successCount: 1, ignoredCount: 1, failureCount: 1 });
});

test("never reruns a callback in an inherited session", async () => {
  let runs = 0;
  const callback = async (client: Client) => {
    runs += 1;
    double.kill();
    await client.version();
  };
  const lost = connect(callback, { guard: { registry, onSessionLost: "rerun" } });
  await expect(lost).rejects.toMatchObject({ code: "D100" });
  expect(runs).toBe(1);
});

test("a half-open circuit admits a probe of a client guarded twice", async () => {
  await connect(
    async (client) => {
      const clock = new VirtualClock();
      const own = createRegistry({ defaults: { clock, resetTimeoutMs: 10 } });
      own.get("engine").acquire().failure(new Error("down"), { openNow: true });
      clock.advance(10);
      expect(await guard(guard(client, { registry: own }), { registry: own }).version()).toBe(
        DEFAULT_ENGINE,
      );
      expect(own.get("engine").state).toBe("closed");
    },
    { guard: { registry: createRegistry() } },
  );
});

test("overlapping connections keep dag guarded until the last ends, and then restore it", async () => {
  const context = () => (dag as unknown as { readonly _ctx: unknown })._ctx;
  const plain = context();
  let endFirst = (): void => {};
  const until = new Promise<void>((resolve) => {
    endFirst = resolve;
  });
  const first = connection(() => until, { guard: { registry } });
  await vi.waitFor(() => expect(context()).not.toBe(plain));
  await connection(
    async () => {
      endFirst();
      await first; // The SDK removes its global client here, but our guard stays.
      expect(context()).not.toBe(plain);
    },
    { guard: { registry } },
  );
  expect(context()).toBe(plain);
});

test("an operation that a callback does not await counts as no failure after its session", async () => {
  const own = await double.openSession();
  enter(own);
  const forgotten: Promise<unknown>[] = [];
  await connect(
    async (client) => {
      forgotten.push(reasonOf(client.container().from("alpine").withExec(["sleep", "5"]).sync()));
      await vi.waitFor(() => expect(double.commandsRunning).toBe(1));
    },
    { guard: { registry } },
  );
  await own.stop();
  await Promise.all(forgotten);
  expect(counts()).toMatchObject({ failureCount: 0, ignoredCount: 1 });
});

test("lastGood rejects ids, sync, export and publish, and returns earlier results", async () => {
  await connect(
    async (client) => {
      const source = client.directory().withNewFile("a.txt", "x");
      const container = client.container().from("alpine").withDirectory("/source", source);
      const run = container.withExec(["ls", "/source"]);
      const kept = lastGood<unknown>({ maxAgeMs: 60_000 });
      const refused: (() => Promise<unknown>)[] = [
        () => source.id(),
        () => run.sync(),
        () => source.export("/tmp/never-exported"),
        () => run.publish("127.0.0.1:5000/app:1"),
      ];
      for (const operation of refused) {
        const error = await reasonOf(withFallback(operation, kept));
        expect(isLastGoodRefusedError(error)).toBe(true);
      }
      expect(kept.recall()).toBeUndefined();
      expect(await withFallback(() => run.stdout(), kept)).toBe("a.txt\n");
      double.kill();
      expect(await withFallback(() => run.stdout(), kept)).toBe("a.txt\n");
    },
    { guard: { registry } },
  );
  expect(existsSync("/tmp/never-exported")).toBe(false);
});

test("a killed engine is one failure; the rest of the session is rejected without a request", async () => {
  await connect(
    async (client) => {
      double.kill();
      await expect(client.version()).rejects.toMatchObject({ code: "D100" });
      const sent = double.queries;
      expect(isSessionLostError(await reasonOf(client.version()))).toBe(true);
      expect(isSessionLostError(await reasonOf(client.container().id()))).toBe(true);
      expect(double.queries).toBe(sent);
    },
    { guard: { registry } },
  );
  expect(counts()).toMatchObject({ failureCount: 1, successCount: 0 });
});

test.each(["kill", "end", "restart", "dropCli"] as const)(
  "a missing engine (%s) opens its circuit after the allowed number of failed sessions",
  async (how) => {
    const other = await double.openSession();
    await double[how]();
    for (let session = 0; session < 2; session += 1) {
      await connect((client) => reasonOf(client.container().id()), { guard: { registry } });
    }
    expect(engine.state).toBe("open");
    const error = await reasonOf(connect(async () => "unreached", { guard: { registry } }));
    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(error).toMatchObject({ breakerName: "engine", reason: "open" });
    await other.stop();
  },
);

test("an open circuit rejects an operation with our own error, not wrapped by the SDK", async () => {
  await connect(
    async (client) => {
      engine.isolate("maintenance");
      const error = await reasonOf(client.container().from("alpine").stdout());
      expect(isCircuitBreakerOpenError(error)).toBe(true);
      expect(error).toMatchObject({ name: "CircuitBreakerOpenError", reason: "isolated" });
    },
    { guard: { registry } },
  );
});

test("a timeout really drops the request: the command ends, and the engine is not at fault", async () => {
  await connect(
    async (client) => {
      const slow = client.container().from("alpine").withExec(["sleep", "60"]);
      expect(isTimeoutError(await reasonOf(slow.sync()))).toBe(true);
      await vi.waitFor(() => expect(double.commandsRunning).toBe(0));
      expect(await client.version()).toBe(DEFAULT_ENGINE);
    },
    { guard: { registry, operationTimeoutMs: 300 } },
  );
  expect(counts()).toMatchObject({ ignoredCount: 1, failureCount: 0, successCount: 1 });
});

test("a caller's abort ends the command with its reason and is ignored", async () => {
  const controller = new AbortController();
  const stop = new Error("stop");
  await connect(
    async (client) => {
      const running = reasonOf(client.container().from("alpine").withExec(["sleep", "60"]).sync());
      await vi.waitFor(() => expect(double.commandsRunning).toBe(1));
      controller.abort(stop);
      expect(await running).toBe(stop);
      await vi.waitFor(() => expect(double.commandsRunning).toBe(0));
    },
    { guard: { registry, signal: controller.signal } },
  );
  expect(counts()).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("an answer that is cut in its body is a failure of the engine", async () => {
  await connect(
    async (client) => {
      double.setFaults([{ operation: "request", kind: "resetBody" }]);
      await expect(client.version()).rejects.toMatchObject({ code: "D101" });
    },
    { guard: { registry } },
  );
  expect(counts().failureCount).toBe(1);
});

test("no breaker keeps and no rejection contains the plaintext of a secret", async () => {
  const secret = "hunter2-is-the-password";
  await connect(
    async (client) => {
      const token = client.setSecret("token", secret);
      const container = client.container().from("alpine").withSecretVariable("TOKEN", token);
      double.kill();
      const error = await reasonOf(container.withExec(["true"]).sync());
      expect(JSON.stringify(error)).toContain(secret); // The caller alone gets the SDK's own error.
      const lost = (await reasonOf(container.sync())) as Error;
      expect(JSON.stringify([lost.message, lost.cause])).not.toContain(secret);
    },
    { guard: { registry, breakers: { engine: { failureThreshold: 2, resetTimeoutMs: 60_000 } } } },
  );
  engine.acquire().failure(new Error("second"));
  const rejection = await reasonOf(connect(async () => 0, { guard: { registry } }));
  expect(JSON.stringify([rejection, engine.getMetrics()])).not.toContain(secret);
});

test("rejects an SDK version with an unknown internal structure", () => {
  expect(() => guard({} as never)).toThrow("client._ctx is undefined, expected an object");
  expect(() => guard({ _ctx: { _queryTree: [] } } as never)).toThrow("client._ctx.execute");
  expect(() => guard(5 as never)).toThrow("client is 5, expected a client of the Dagger SDK");
});
