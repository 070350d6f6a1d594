/** Tests the counts of a guard, as metrics of its registry and of its clients. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionResponse } from "../../src/attribution/failure.js";
import { MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { noteGuarded } from "../../src/guard/guarded-clients.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { SessionState } from "../../src/guard/session-state.js";
import { createRegistry, type Registry } from "../../src/registry/registry.js";
import { metricsText } from "../../src/telemetry/metrics-text.js";
import { json, KILLED, sendIn } from "./one-session.js";
import { DIGEST, failing, from, pullFailed, WORKED } from "./scene.js";

const HUB = "registry:docker.io";
const LIMITED = failing(pullFailed("library/alpine:3", "429 Too Many Requests"));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dagger-metrics-"));
  mkdirSync(join(folder, ".git"));
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function setUp(options: GuardOptions = {}) {
  const registry = createRegistry();
  const guard = new Guard({ registry, ...options });
  const session = new GuardedSession(guard, new SessionState(undefined, folder));
  const send = (query: string, answer: SessionResponse = WORKED) =>
    sendIn(session, { query }, async (request) =>
      request.query === "{ version }" ? json({ data: { version: "v1.0.0-beta.10" } }) : answer,
    ).catch((error: unknown) => error);
  return { registry, guard, send };
}

/** Returns the samples of a metric for one circuit. Each key has the other labels of a sample. */
function valuesOf(source: Registry, metric: string, circuit = HUB): Record<string, number> {
  const start = `dagger_breaker_${metric}{dagger_breaker_circuit_name="${circuit}"`;
  const lines = metricsText(source)
    .split("\n")
    .filter((line) => line.startsWith(start));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = "", value = ""] = /^,?(.*)\} (\S+)$/.exec(line.slice(start.length)) ?? [];
      return [labels.replace(/.*="(.*)"/, "$1"), Number(value)];
    }),
  );
}

test("a breaker of a guard has all its counters from its first request, at 0", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"));
  for (const name of ["avoided_requests", "pinned_images", "locked_images", "mirrored_images"]) {
    expect(valuesOf(registry, `upstream_${name}_total`)).toEqual({ "": 0 });
    expect(valuesOf(registry, `upstream_${name}_total`, "engine")).toEqual({});
  }
  expect(valuesOf(registry, "upstream_waits_total")).toEqual({
    admitted: 0,
    rejected: 0,
    ended: 0,
  });
  expect(valuesOf(registry, "upstream_wait_time_seconds_total")).toEqual({ "": 0 });
  expect(valuesOf(registry, "engine_lost_sessions_total", "engine")).toEqual({ "": 0 });
  expect(valuesOf(registry, "engine_lost_sessions_total")).toEqual({});
});

test("a registry that no guard uses has none of them", () => {
  const registry = createRegistry();
  registry.get(HUB);
  expect(metricsText(registry)).not.toMatch(/dagger_breaker_(upstream|engine)_/);
});

test("a pull rejected during a rate limit avoids requests", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"), LIMITED);
  await send(from("alpine:3"));
  expect(valuesOf(registry, "upstream_avoided_requests_total")).toEqual({ "": 6 });
});

test("an image is counted as pinned, locked or mirrored for its own registry", async () => {
  const pinned = new MemoryDigests();
  pinned.remember("docker.io/library/pinned:3", "", DIGEST);
  const locked = ["", "container.from", ["locked:3", "linux/amd64"], DIGEST, "pin"];
  writeFileSync(join(folder, "dagger.lock"), `[["version","1"]]\n${JSON.stringify(locked)}\n`);
  const { registry, guard, send } = setUp({
    pin: { maxAgeMs: 3_600_000, store: pinned },
    mirrors: { "docker.io": ["mirror.example/hub"] },
  });
  await send(from("pinned:3"));
  await send(from("locked:3"));
  expect(valuesOf(registry, "upstream_pinned_images_total")).toEqual({ "": 1 });
  expect(valuesOf(registry, "upstream_locked_images_total")).toEqual({ "": 1 });
  guard.upstream(HUB)?.isolate("down");
  await send(from("other:3"));
  expect(valuesOf(registry, "upstream_mirrored_images_total")).toEqual({ "": 1 });
  expect(valuesOf(registry, "upstream_mirrored_images_total", "registry:mirror.example")).toEqual({
    "": 0,
  });
});

test("a lost session counts once, however many requests it had", async () => {
  const { registry, send } = setUp();
  await Promise.all([send(from("a:1"), KILLED), send(from("b:1"), KILLED)]);
  await send(from("c:1"));
  expect(valuesOf(registry, "engine_lost_sessions_total", "engine")).toEqual({ "": 1 });
});

test("waits count by their end, with their whole time, for the circuit that caused them", async () => {
  vi.useFakeTimers();
  const { registry, send } = setUp({ onOpen: "wait", maxWaitMs: 100_000, waitSpreadMs: 0 });
  await send(from("alpine:3"), LIMITED);
  const waiting = send(from("alpine:3"));
  await vi.advanceTimersByTimeAsync(70_000);
  await waiting;
  expect(valuesOf(registry, "upstream_waits_total")).toEqual({
    admitted: 1,
    rejected: 0,
    ended: 0,
  });
  const { "": seconds = 0 } = valuesOf(registry, "upstream_wait_time_seconds_total");
  expect(seconds).toBeGreaterThanOrEqual(59.9);
  expect(seconds).toBeLessThanOrEqual(70);
});

test("a wait ended by its signal counts as ended, and no wait counts without a pause", async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  const { registry, send } = setUp({ onOpen: "wait", waitSpreadMs: 0, signal: stop.signal });
  await send(from("alpine:3"), LIMITED);
  const waiting = send(from("alpine:3"));
  await vi.advanceTimersByTimeAsync(1000);
  stop.abort(new Error("stop"));
  await waiting;
  expect(valuesOf(registry, "upstream_waits_total")).toEqual({
    admitted: 0,
    rejected: 0,
    ended: 1,
  });
  const { registry: brief, send: sendBriefly } = setUp({ onOpen: "wait", maxWaitMs: 1 });
  await sendBriefly(from("alpine:3"), LIMITED);
  await sendBriefly(from("alpine:3"));
  expect(valuesOf(brief, "upstream_waits_total")).toEqual({ admitted: 0, rejected: 0, ended: 0 });
});

test("a guarded client has the metrics of its guard's registry", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"));
  const client = { container: () => ({}) };
  expect(() => metricsText(client)).toThrow(/^source is an object, expected a registry/);
  noteGuarded(client, registry);
  expect(metricsText(client)).toBe(metricsText(registry));
});
