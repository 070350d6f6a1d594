/**
 * Runs the same commands at the same times on every store. Memory and SQLite use the reducer, and a real
 * Redis uses the script. Replies, states and pushes must be equal.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { redisStore } from "../../src/fleet/redis/index.js";
import type { FleetChangeReason } from "../../src/fleet/rules/reply.js";
import { sqliteStore } from "../../src/fleet/sqlite/index.js";
import type { FleetEntry, FleetKey, FleetStore } from "../../src/fleet/store.js";
import { clockSteps, Knowledge, plans, policies, ticks } from "./fleet-schedules.js";
import { RedisServer, until } from "./redis/redis-server.js";
import { STATE_AFTER } from "./reference-model.js";
import { StoreTime } from "./virtual-circuit.js";

const SCOPE = "egress";
const HAS_SQLITE = isBuiltin("node:sqlite");

const time = new StoreTime();
const memory = memoryStore({ nowMicros: time.read });
const others: FleetStore[] = [];
let server: RedisServer;
let folder: string;

beforeAll(async () => {
  server = await RedisServer.start();
  folder = mkdtempSync(join(tmpdir(), "dagger-circuit-breaker-differential-"));
  const client = createClient({ url: server.url });
  others.push(redisStore({ client, nowMicros: time.read }));
  if (HAS_SQLITE) {
    others.push(sqliteStore({ path: join(folder, "fleet.db"), nowMicros: time.read }));
  }
  for (const store of others) await store.open();
});
afterAll(async () => {
  for (const store of others) await store.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const schedule = fc.array(
  fc.tuple(plans, ticks, fc.option(clockSteps, { freq: 20 }), fc.option(policies, { freq: 20 })),
  { maxLength: 60, size: "max" },
);

let circuits = 0;
/** Names that a script could parse wrong. */
const names = fc.constantFrom("registry", "größer \u{1f6d1}", '{a}:"b"\\ %s', "a\nb");

test("the stores answer every command alike, and keep the same history", async () => {
  let commands = 0;
  const reasons = new Set<FleetChangeReason>();
  const property = fc.asyncProperty(policies, names, schedule, async (first, name, steps) => {
    circuits += 1;
    const key: FleetKey = { scope: SCOPE, name: `${name}-${circuits}` };
    const knowledge = new Knowledge();
    let policy = first;
    for (const [plan, tick, clockStep, otherPolicy] of steps) {
      time.nowMicros += tick + (clockStep ?? 0);
      policy = otherPolicy ?? policy;
      const command = knowledge.plan(plan, policy);
      const expected = await memory.run(key, command);
      for (const store of others) {
        expect(await store.run(key, command), store.kind).toEqual(expected);
      }
      commands += 1;
      knowledge.learn(command, expected);
    }
    const { report } = await memory.run(key, { kind: "read", report: true });
    for (const store of others) {
      const told = await store.run(key, { kind: "read", report: true });
      expect(told.report, store.kind).toEqual(report);
    }
    const history = await memory.history(key);
    for (const store of others) expect(await store.history(key), store.kind).toEqual(history);
    for (const { reason } of history) reasons.add(reason);
  });
  await fc.assert(property, { numRuns: 250 });
  // Random commands test only the paths that they reach, so all reasons must have occurred.
  expect(commands).toBeGreaterThan(3000);
  expect([...reasons].sort()).toEqual(Object.keys(STATE_AFTER).sort());
}, 240_000);

test("the stores list the same circuits", async () => {
  const scope = "listed";
  const steps = fc.sample(fc.tuple(policies, plans, names, ticks), { numRuns: 200, seed: 7 });
  for (const [index, [policy, plan, name, tick]] of steps.entries()) {
    time.nowMicros += tick;
    const key = { scope, name: `${name}-${index % 10}` };
    const command = new Knowledge().plan(plan, policy);
    for (const store of [memory, ...others]) await store.run(key, command);
  }
  const listed = await memory.list(scope);
  expect(listed.length).toBeGreaterThan(20);
  for (const store of others) expect(await store.list(scope), store.kind).toEqual(listed);
  const reported = await memory.list(scope, undefined, true);
  expect(reported.some(({ report }) => (report?.seconds.length ?? 0) > 0)).toBe(true);
  for (const store of others) {
    expect(await store.list(scope, undefined, true), store.kind).toEqual(reported);
    expect(await store.scopes?.(), store.kind).toEqual([...((await memory.scopes?.()) ?? [])]);
  }
});

test("Redis pushes what the reducer reports", async () => {
  const [redis] = others;
  const scope = "pushed";
  const told: FleetEntry[] = [];
  const pushed: FleetEntry[] = [];
  memory.subscribe(scope, (entry) => told.push(entry));
  redis?.subscribe(scope, (entry) => pushed.push(entry));
  const run = async (key: FleetKey, command: Parameters<FleetStore["run"]>[1]) => {
    await redis?.run(key, command);
    return memory.run(key, command);
  };
  // A subscription begins a little after its call. So comparing starts only after the first push.
  await until(async () => {
    time.move(1);
    await run({ scope, name: "begin" }, { kind: "reset", owner: "Ann", reason: null });
    return pushed.length > 0;
  });
  const from = told.length;
  const steps = fc.sample(fc.tuple(plans, ticks), { numRuns: 300, seed: 7 });
  const [policy] = fc.sample(policies, { numRuns: 1, seed: 7 });
  const knowledge = new Knowledge();
  for (const [plan, tick] of steps) {
    time.nowMicros += tick;
    const command = knowledge.plan(plan, policy ?? expect.fail("no policy"));
    knowledge.learn(command, await run({ scope, name: "pushed" }, command));
  }
  const changes = told.slice(from);
  expect(changes.length).toBeGreaterThan(30);
  const heard = () => pushed.filter(({ name }) => name === "pushed");
  await until(() => heard().length >= changes.length);
  expect(heard()).toEqual(changes);
});
