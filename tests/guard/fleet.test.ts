/** Tests that guards of other processes in the same scope learn of one guard's failures. */

import { afterEach, expect, test } from "vitest";
import { readRequest } from "../../src/attribution/query/read-request.js";
import type { Evidence } from "../../src/attribution/spans/evidence.js";
import { createFleet, type Fleet } from "../../src/fleet/client/fleet.js";
import { isSharedCircuitOpenError } from "../../src/fleet/client/shared-open-error.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { isGuardRejection } from "../../src/guard/admission/admission.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { rejectionAnswer } from "../../src/guard/wire/rejection-answer.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
import { EXEC_FAILED, failing, from, pullFailed, WORKED } from "./scene.js";

const LIMITED = failing(pullFailed("library/alpine:3", "429 Too Many Requests"));
const ALPINE = from("alpine:3");
const OURS = from("ghcr.io/acme/app:1");

const fleets: Fleet[] = [];
afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
});

/** Creates the guard of another process in the fleet, with breakers of its own. */
function joinAs(host: string, store: FleetStore, options: GuardOptions = {}) {
  const fleet = createFleet({
    store,
    scope: "egress-1",
    reporter: { host, run: `run of ${host}` },
  });
  fleets.push(fleet);
  const registry = createRegistry();
  const guard = new Guard({ registry, fleet, ...options });
  const session = new GuardedSession(guard);
  const send = async (query: string, answer = WORKED, exchanges?: readonly Evidence[]) => {
    const trace = exchanges && {
      dropped: () => undefined,
      exchanges: async () => exchanges,
      end: () => undefined,
    };
    const error = await sendIn(session, { query }, async () => answer, { trace: trace }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await fleet.flush();
    return error;
  };
  return { fleet, registry, guard, send };
}

test("Docker Hub's rate limit in one process keeps all others from Docker Hub, and from nothing else", async () => {
  const store = memoryStore();
  const one = joinAs("runner-1", store);
  const other = joinAs("runner-2", store);
  expect(await one.send(ALPINE, LIMITED)).toBeUndefined();
  const refusal = await other.send(ALPINE);
  expect(isSharedCircuitOpenError(refusal)).toBe(true);
  expect(refusal).toMatchObject({
    breakerName: "registry:docker.io",
    reason: "open",
    scope: "egress-1",
    openedBy: { host: "runner-1", run: "run of runner-1" },
    failure: { fault: "registry", limited: true },
  });
  expect(await other.send(OURS)).toBeUndefined();
});

test("answers for other languages name the process that opened a shared circuit, and the failure", async () => {
  const store = memoryStore();
  await joinAs("runner-1", store).send(ALPINE, LIMITED);
  const refusal = await joinAs("runner-2", store).send(ALPINE);
  const answer = rejectionAnswer(refusal, readRequest(ALPINE));
  expect(answer?.errors[0].extensions).toEqual({
    _type: "CIRCUIT_OPEN",
    upstream: "registry:docker.io",
    reason: "open",
    retryAfterMs: expect.stringMatching(/^\d+$/),
    scope: "egress-1",
    since: expect.stringMatching(/^20.*Z$/),
    until: expect.stringMatching(/^20.*Z$/),
    openedByHost: "runner-1",
    openedByRun: "run of runner-1",
    rule: "registry.limited",
  });
});

test("a rejection by the fleet holds no probe and no permit, and counts nothing", async () => {
  const store = memoryStore();
  await joinAs("runner-1", store).send(ALPINE, LIMITED);
  const other = joinAs("runner-2", store);
  const both = `{ a: ${ALPINE.slice(1, -1).trim()} b: ${OURS.slice(1, -1).trim()} }`;
  const refusal = await other.send(both);
  expect(isGuardRejection(refusal) && refusal.refusals.length).toBe(1);
  for (const breaker of other.registry.getAll().values()) {
    const { inFlightCount, metrics } = breaker.getMetrics();
    expect([inFlightCount, metrics.successCount, metrics.failureCount]).toEqual([0, 0, 0]);
  }
});

test("reports a user's failing test to the store as a success of its registry", async () => {
  const store = memoryStore();
  const one = joinAs("runner-1", store);
  await one.send(ALPINE, EXEC_FAILED);
  const [entry] = await one.fleet.status();
  expect(entry).toMatchObject({
    name: "registry:docker.io",
    snapshot: { state: "closed", counts: { successes: 1, failures: 0 } },
  });
});

test("shares neither the engine of this machine nor a registry in a private network", async () => {
  const store = memoryStore();
  const one = joinAs("runner-1", store);
  await one.send(from("localhost:5000/app:1"));
  await one.send(from("10.0.0.5:5000/app:1"));
  await one.send(from("registry:5000/app:1"));
  expect(await one.fleet.status()).toEqual([]);
});

test("an engine that is asked over TCP is shared under its address", async () => {
  const store = memoryStore();
  const engineHost = "tcp://engine.example.com:8080";
  const one = joinAs("runner-1", store, { engineHost });
  await one.send("{ version }");
  expect((await one.fleet.status()).map(({ name }) => name)).toEqual([
    "engine:engine.example.com:8080",
  ]);
});

test("rejects an engine with a policy that cannot be shared when the guard is created", () => {
  const engineHost = "tcp://engine.example.com:8080";
  const breakers = { engine: { failureThreshold: 3 } };
  expect(() => joinAs("runner-1", memoryStore(), { engineHost, breakers })).toThrow(/badSeconds/);
});

test("rejects a public upstream with a policy that cannot be shared when the guard is created", () => {
  const policy = { failureThreshold: 3 };
  const join = (name: "git:github.com" | "git:git.lan") =>
    joinAs("runner-1", memoryStore(), { breakers: { [name]: policy } });
  expect(() => join("git:github.com")).toThrow(/"git:github\.com".*consecutive.*badSeconds/);
  expect(() => join("git:git.lan")).not.toThrow();
});

test("an upstream with a policy that cannot be shared fails its first request with the reason", async () => {
  const one = joinAs("runner-1", memoryStore(), {
    breakers: { "registry:*": { failureThreshold: 3 } },
  });
  expect(String(await one.send(ALPINE))).toMatch(/TypeError: .*registry:docker\.io.*badSeconds/);
  expect(one.guard.engine.getMetrics().inFlightCount).toBe(0);
});

test("reports a host that only spans show to the store too", async () => {
  const store = memoryStore();
  const one = joinAs("runner-1", store);
  const seen: Evidence = {
    kind: "http",
    host: "files.example.com",
    servesHost: "files.example.com",
    outcome: "limited",
    status: 429,
    at: 0,
    durationMs: 5,
    requestId: "b7ad6b7169203331",
    forgeable: false,
  };
  const blamed = failing({
    message: "invalid response status 429 Too Many Requests",
    path: ["hello", "fetch"],
  });
  await one.send("{ hello { fetch } }", blamed, [seen]);
  await one.fleet.flush();
  const other = joinAs("runner-2", store);
  const refusal = await other.send('{ http(url: "https://files.example.com/a") { size } }');
  expect(isSharedCircuitOpenError(refusal)).toBe(true);
});

test("reports nothing to the store that a module's function can have forged", async () => {
  const store = memoryStore();
  const one = joinAs("runner-1", store);
  const seen = {
    kind: "http",
    host: "files.example.com",
    servesHost: "files.example.com",
  } as const;
  const times = { at: 0, durationMs: 5, requestId: "b7ad6b7169203331" };
  const blamed = failing({
    message: "invalid response status 503 Service Unavailable",
    path: ["hello", "fetch"],
  });
  const failed = { ...seen, ...times, outcome: "failed", status: 503, forgeable: true } as const;
  // The second process declares two hosts, so its declaration does not show which host failed.
  const other = joinAs("runner-2", store, {
    needs: ["http:files.example.com", "http:other.example.com"],
  });
  for (const guarded of [one, other]) {
    await guarded.send("{ hello { fetch } }", blamed, [failed]);
    await guarded.fleet.flush();
    const { metrics } = guarded.registry.get("http:files.example.com").getMetrics();
    expect(metrics.failureCount).toBe(1);
  }
  const told = (await one.fleet.status()).map(({ snapshot }) => snapshot.counts.failures);
  expect(told.filter((failures) => failures > 0)).toEqual([]);
});

test("without its store a guard admits and counts as one without a fleet", async () => {
  const down: FleetStore = {
    ...memoryStore(),
    kind: "down",
    minimumReporters: 2,
    pushes: true,
    open: () => Promise.reject(new Error("nobody there")),
    run: () => Promise.reject(new Error("nobody there")),
    list: async () => [],
    history: async () => [],
    subscribe: () => () => undefined,
    close: async () => undefined,
  };
  const one = joinAs("runner-1", down);
  for (const tag of [1, 2, 3, 4, 5]) {
    expect(await one.send(from(`ghcr.io/acme/app:${tag}`))).toBeUndefined();
  }
  expect(await one.send(ALPINE, LIMITED)).toBeUndefined();
  const refusal = await one.send(ALPINE);
  expect([isGuardRejection(refusal), isSharedCircuitOpenError(refusal)]).toEqual([true, false]);
  expect(one.registry.get("registry:ghcr.io").getMetrics().metrics.successCount).toBe(5);
});

test("a waiting guard is admitted once the shared circuit allows it, and takes the probe", async () => {
  const store = memoryStore();
  const quick = { breakers: { "registry:*": { resetTimeoutMs: 50, openTimeGrowthFactor: 1 } } };
  const one = joinAs("runner-1", store, { ...quick, rateLimitOpenMs: 50 });
  const other = joinAs("runner-2", store, { ...quick, onOpen: "wait", waitSpreadMs: 0 });
  await one.send(ALPINE, LIMITED);
  expect(await other.send(ALPINE)).toBeUndefined();
  expect((await one.fleet.history("registry:docker.io")).map(({ reason }) => reason)).toEqual([
    "opened-at-once",
    "open-time-over",
    "probe-succeeded",
  ]);
});

test("admits reflects the known state of the shared circuit", async () => {
  const store = memoryStore();
  await joinAs("runner-1", store).send(ALPINE, LIMITED);
  const other = joinAs("runner-2", store);
  expect(other.guard.admits("registry:docker.io")).toBe(true);
  await other.send(ALPINE);
  expect(other.guard.admits("registry:docker.io")).toBe(false);
  expect(other.guard.admits("registry:ghcr.io")).toBe(true);
});

test("the first request of a process uses a mirror when others found its registry limiting", async () => {
  const store = memoryStore();
  await joinAs("runner-1", store).send(ALPINE, LIMITED);
  const mirrors = { "docker.io": ["mirror.example.com/hub"] };
  const other = joinAs("runner-2", store, { mirrors });
  expect(await other.send(ALPINE)).toBeUndefined();
  expect(other.registry.get("registry:mirror.example.com").getMetrics().metrics.successCount).toBe(
    1,
  );
});

test("rejects an invalid fleet when the guard is created", () => {
  expect(() => new Guard({ fleet: {} as Fleet })).toThrow(/option "fleet"/);
  expect(() => new Guard({ engineHost: 1 as unknown as string })).toThrow(/option "engineHost"/);
});
