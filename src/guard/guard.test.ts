import { expect, test, vi } from "vitest";
import { sendIn } from "../../tests/guard/one-session.js";
import { createRegistry } from "../registry/registry.js";
import { Guard } from "./guard.js";
import { GuardedSession } from "./guarded-session.js";

test("uses an existing breaker as it is, unless the options name it or its kind", () => {
  const registry = createRegistry();
  registry.get("registry:docker.io", { failureThreshold: 1 });
  registry.get("engine", { failureThreshold: 1 });
  const plain = new Guard({ registry });
  expect(plain.upstream("registry:docker.io")).toBe(registry.get("registry:docker.io"));
  expect(plain.engine).toBe(registry.get("engine"));
  const other = { failureThreshold: 2 };
  for (const name of ["registry:docker.io", "engine"]) {
    expect(() => new Guard({ registry, breakers: { [name]: other } })).toThrow("other options");
  }
  const ofKind = new Guard({ registry, breakers: { "registry:*": other } });
  expect(() => ofKind.upstream("registry:docker.io")).toThrow("other options");
});

test("if a registry has no room for the engine, each guard has a breaker of its own", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const registry = createRegistry({ maxBreakers: 1 });
  registry.get("registry:docker.io").isolate("down");
  const guard = new Guard({ registry, breakers: { engine: { failureThreshold: 1 } } });
  const killed = { status: 502, body: 'http do: Post "http://dagger/query": unexpected EOF' };
  await sendIn(new GuardedSession(guard), { query: "{ version }" }, async () => killed);
  expect(guard.engine.state).toBe("open");
  expect(registry.find("engine")).toBeUndefined();
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test.each([
  [{ operationTimeoutMs: 0 }, 'guard option "operationTimeoutMs" is 0'],
  [{ operationTimeoutMs: "5s" }, 'guard option "operationTimeoutMs" is "5s"'],
  [
    { breakers: { engin: {} } },
    'a key of guard option "breakers" is "engin", expected registry:HOST',
  ],
  [{ breakers: { engine: { failureThreshold: 0 } } }, '"failureThreshold" is 0'],
  [{ registry: {} }, 'guard option "registry" is an object'],
  [{ signal: "now" }, 'guard option "signal" is "now"'],
  [{ breakers: { "git:*": { failureThreshold: 0 } } }, '"failureThreshold" is 0'],
  [{ needs: "registry:ghcr.io" }, 'guard option "needs" is "registry:ghcr.io", expected a list'],
  [{ needs: ["ghcr.io"] }, 'guard option "needs"[0] is "ghcr.io", expected registry:HOST'],
  [{ needs: ["git:*"] }, 'guard option "needs"[0] is "git:*", expected registry:HOST'],
  [{ needs: ["registry:Docker.io"] }, 'is "registry:Docker.io", expected registry:HOST'],
  [{ needs: ["registry:bot:hunter2@ghcr.io"] }, "expected registry:HOST"],
  [
    { needs: ["registry:registry-1.docker.io"] },
    '"needs"[0] is "registry:registry-1.docker.io", expected "registry:docker.io"',
  ],
  [
    { breakers: { "git:ssh.github.com": {} } },
    'is "git:ssh.github.com", expected "git:github.com"',
  ],
  [{ rateLimitOpenMs: 0 }, 'guard option "rateLimitOpenMs" is 0'],
  [{ onOpen: "hope" }, 'guard option "onOpen" is "hope", expected "reject" or "wait"'],
  [{ maxWaitMs: -1 }, 'guard option "maxWaitMs" is -1'],
  [{ timeout: 5 }, 'guard option "timeout" is not known'],
])("wrong options throw: %j", (options, message) => {
  expect(() => new Guard(options as never)).toThrow(message);
});

test("measures for how long its calls wait for circuits", async () => {
  vi.useFakeTimers();
  const clock = { now: () => Date.now() };
  const engine = { failureThreshold: 1, resetTimeoutMs: 1000, clock };
  const breakers = { engine };
  const guard = new Guard({
    registry: createRegistry(),
    breakers,
    onOpen: "wait",
    waitSpreadMs: 0,
  });
  const [permit] = await guard.admit([guard.engine], undefined);
  expect(guard.waitTime.totalMs).toBe(0);
  permit?.failure(new Error("down"));
  const waiting = guard.admit([guard.engine], undefined);
  await vi.advanceTimersByTimeAsync(1000);
  await waiting;
  expect(guard.waitTime.totalMs).toBe(1000);
  vi.useRealTimers();
});
