/** Tests `/health/...` of `serve`: which callers may ask what, and how often a page asks the store. */

import { expect, test } from "vitest";
import { HealthView } from "../../src/cli/serve/health-view.js";
import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { RUNS_CIRCUIT } from "../../src/fleet/rules/run-report.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { limit, settle } from "./commands.js";
import { ask, type Question, startServer, TOKEN } from "./http-scene.js";

const READ_TOKEN = "a-token-for-scrapes-0123456789";
const NOBODY: Question = { headers: {} };
const READER: Question = { headers: { authorization: `Bearer ${READ_TOKEN}` } };

async function startWithHealth(store: FleetStore = memoryStore()) {
  const errors: unknown[] = [];
  const onStoreError = (error: unknown) => void errors.push(error);
  const view = new StoreView({ store, onStoreError });
  const writing = new WriteCheck({ store, onStoreError });
  const text = new MetricsView({ view, writing, kind: store.kind, droppedCount: () => 0 });
  const metrics = { token: READ_TOKEN, contentType: "text/plain", text: () => text.text() };
  const health = new HealthView({ store, view, writing, onStoreError });
  const { url } = await startServer({ store, metrics, health, onStoreError });
  const get = async (path: string, question = READER) => {
    const { status, body } = await ask(url, path, question);
    return { status, body: JSON.parse(body) };
  };
  return { url, store, errors, get };
}

/** Creates a store that answers no question until the test releases it. */
function hangingStore() {
  const store = memoryStore();
  let questions = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const run = async (...given: Parameters<FleetStore["run"]>) => {
    questions += 1;
    await released;
    return store.run(...given);
  };
  const hanging: FleetStore = Object.assign(Object.create(store), { run });
  return { store: hanging, release, questions: () => questions };
}

test("live and ready need no token and carry no names, circuits need the read token", async () => {
  const { store, get } = await startWithHealth();
  await store.run({ scope: "egress", name: "registry:docker.io" }, limit());
  expect(await get("/health/live", NOBODY)).toEqual({ status: 200, body: { status: "ok" } });
  expect(await get("/health/ready", NOBODY)).toEqual({ status: 200, body: { status: "ok" } });
  const clients = { headers: { authorization: `Bearer ${TOKEN}` } };
  for (const question of [NOBODY, clients]) {
    expect(await get("/health/circuits", question)).toEqual({
      status: 401,
      body: { error: "wrong token" },
    });
  }
  expect((await get("/health/circuits")).body.circuits).toMatchObject([
    { name: "registry:docker.io", scope: "egress", state: "open", rejects: true },
  ]);
});

test("circuits are 200, whatever is open, unless fail names one that rejects", async () => {
  const { store, get } = await startWithHealth();
  await store.run({ scope: "one", name: "registry:docker.io" }, limit());
  await store.run({ scope: "two", name: "registry:docker.io" }, settle());
  await store.run({ scope: "one", name: "git:github.com" }, settle());
  const run = { result: "skip", fault: null, durationMs: 1, waitedMs: 1, avoidedMs: 1 } as const;
  const tell = { kind: "tell", rejections: 0, runs: [run], failedRunsMs: [] } as const;
  await store.run({ scope: "one", name: RUNS_CIRCUIT }, tell);
  const page = await get("/health/circuits");
  expect(page).toMatchObject({ status: 200, body: { status: "ok", failed: [] } });
  expect(page.body.counts).toEqual({ closed: 2, open: 1, "half-open": 0, isolated: 0 });
  const statusOf = async (query: string) => (await get(`/health/circuits?${query}`)).status;
  expect(await statusOf("fail=registry:docker.io")).toBe(503);
  expect(await statusOf("fail=git:github.com,registry%3Adocker.io")).toBe(503);
  expect(await statusOf("fail=git:github.com&fail=registry:docker.io")).toBe(503);
  expect(await statusOf("fail=git:github.com")).toBe(200);
  expect(await statusOf("fail=registry:docker.io&scope=one")).toBe(503);
  expect(await statusOf("fail=registry:docker.io&scope=two")).toBe(200);
});

test.each([
  ["fail=", 'invalid "fail": a name has 0 characters, expected 1 to 200'],
  ["fial=git:github.com", 'unknown parameter "fial", expected fail or scope'],
  ["scope=a&scope=b", 'invalid "scope": expected one scope'],
  ["scope=a%20b", 'invalid "scope": expected one scope'],
])("the wrong query %s gets 400 and the reason", async (query, message) => {
  const { get } = await startWithHealth();
  const { status, body } = await get(`/health/circuits?${query}`);
  expect([status, body.error]).toEqual([400, expect.stringContaining(message)]);
});

test("a store that does not answer has one question in flight, however many ask, and ready is 503", async () => {
  const { store, release, questions } = hangingStore();
  const { get, errors } = await startWithHealth(store);
  const failed = {
    status: 503,
    body: { status: "failed", error: "the store of the server does not answer" },
  };
  const many = () => Promise.all(Array.from({ length: 20 }, () => get("/health/ready", NOBODY)));
  // The first round takes over a second, so its reply is no longer fresh in the second round.
  for (const round of [1, 2]) {
    const startedMs = performance.now();
    for (const reply of await many()) expect(reply, `round ${round}`).toEqual(failed);
    await expect
      .poll(() => performance.now() - startedMs, { timeout: 30_000 })
      .toBeGreaterThan(1000);
  }
  expect(questions()).toBe(1);
  expect(String(errors[0])).toContain("the store took longer than 900 ms");
  expect(await get("/health/live", NOBODY)).toMatchObject({ status: 200 });
  release();
  await expect
    .poll(async () => (await get("/health/ready", NOBODY)).status, { timeout: 60_000 })
    .toBe(200);
});

test("an answer is reused for a second", async () => {
  const store = memoryStore();
  let questions = 0;
  const run = (...given: Parameters<FleetStore["run"]>) => {
    questions += 1;
    return store.run(...given);
  };
  const { get } = await startWithHealth(Object.assign(Object.create(store), { run }));
  const startedMs = performance.now();
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 20 }, () => get("/health/ready", NOBODY)));
  }
  expect(questions).toBeGreaterThan(0);
  expect(questions).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - startedMs) / 1000));
});

test("the page of circuits and the metrics share one read of the store", async () => {
  const store = memoryStore();
  let reads = 0;
  const scopes = () => {
    reads += 1;
    return store.scopes?.();
  };
  const { url, get } = await startWithHealth(Object.assign(Object.create(store), { scopes }));
  const startedMs = performance.now();
  await Promise.all([get("/health/circuits"), ask(url, "/metrics", READER)]);
  await Promise.all([get("/health/circuits"), ask(url, "/metrics", READER)]);
  expect(reads).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - startedMs) / 1000));
});

test("a failing store makes circuits 503 without its words", async () => {
  const scopes = () => Promise.reject(new Error("secret path"));
  const { get } = await startWithHealth(Object.assign(Object.create(memoryStore()), { scopes }));
  expect(await get("/health/circuits")).toEqual({
    status: 503,
    body: { status: "failed", error: "the store of the server does not answer" },
  });
});

test("a server without health pages or without a read token has none", async () => {
  const { url } = await startServer();
  for (const path of ["live", "ready", "circuits"]) {
    expect((await ask(url, `/health/${path}`)).status).toBe(404);
  }
  const store = memoryStore();
  const onStoreError = () => undefined;
  const view = new StoreView({ store, onStoreError });
  const writing = new WriteCheck({ store, onStoreError });
  const health = new HealthView({ store, view, writing, onStoreError });
  const { url: open } = await startServer({ store, health });
  expect((await ask(open, "/health/ready", NOBODY)).status).toBe(200);
  expect((await ask(open, "/health/circuits")).status).toBe(404);
});
