/**
 * Tests that processes of several versions share circuits, and read what other versions have written. The
 * recordings are from commit d8fbe8f. They contain the states of circuits after these commands, and the
 * hashes that the store kept for them.
 */

import { readFileSync } from "node:fs";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { memoryStore } from "../../../src/fleet/memory/memory-store.js";
import { redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetCommand } from "../../../src/fleet/rules/command.js";
import type { FleetSnapshot } from "../../../src/fleet/rules/reply.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { admit, POLICY, settle } from "../commands.js";
import { StoreTime } from "../virtual-circuit.js";
import { RedisServer } from "./redis-server.js";

interface Recorded {
  readonly snapshot: FleetSnapshot;
  readonly hash: Readonly<Record<string, string>>;
}

const RECORDED: Readonly<Record<string, Recorded>> = JSON.parse(
  readFileSync(new URL("../../fixtures/redis-circuits.json", import.meta.url), "utf8"),
);

const policy = {
  ...POLICY,
  badSeconds: 2,
  resetTimeoutMs: 1000,
  openTimeGrowthFactor: 1.5,
  openTimeJitter: 0.1,
  halfOpenMaxCalls: 2,
  halfOpenSuccessThreshold: 2,
};
const own = { policy, chance: 0.5 };
const by = (id: string) => ({ id, host: 'größer "host"', run: "https://ci.example.com/1" });
const failure = { fault: "registry", rule: "http-503", limited: false };
const bad = settle({ ...own, successes: 0, failures: 2, failure, reporter: by("a") });
const good = settle({ ...own, reporter: by("a") });

type Step = readonly [ms: number, command: FleetCommand];

/** Commands, each with its time in milliseconds. */
const STEPS: readonly (readonly [name: string, steps: readonly Step[]])[] = [
  [
    "closed, with a bad second",
    [
      [0, admit({ ...own, lease: "l-1" })],
      [5, bad],
      [1100, { ...bad, failures: 1, reporter: by("b"), retryAfterMs: 1500.5 }],
    ],
  ],
  [
    "closed and well",
    [
      [0, admit({ ...own, lease: "l-1" })],
      [5, { ...good, successes: 3 }],
      [900, { ...good, failures: 1, failure }],
    ],
  ],
  [
    "open",
    [
      [0, bad],
      [1200, bad],
      [2400, bad],
    ],
  ],
  [
    "half-open, with probes",
    [
      [0, bad],
      [1200, bad],
      [2400, bad],
      [9000, admit({ ...own, lease: "l-2", count: 2 })],
      [9010, { ...good, generation: 1 }],
    ],
  ],
  [
    "isolated",
    [
      [0, good],
      [10, { kind: "isolate", reason: "why \u{1f6d1}", owner: "Ann", expiresInMs: 60_000.5 }],
    ],
  ],
];

const KEY = Object.freeze({ scope: "egress", name: "pinned" });
const REDIS_KEY = "dcb:1:{egress:pinned}";
const time = new StoreTime();
let server: RedisServer;
let store: FleetStore;

beforeAll(async () => {
  server = await RedisServer.start();
  store = redisStore({ client: createClient({ url: server.url }), nowMicros: time.read });
});
beforeEach(async () => {
  await server.send("FLUSHALL");
  await server.send("CONFIG", "RESETSTAT");
});
afterAll(async () => {
  await store.close();
  await server.close();
});

const START_MICROS = new StoreTime().nowMicros + 7;
const at = (ms: number) => {
  time.nowMicros = START_MICROS + ms * 1000;
};

test.each(STEPS)("keeps a circuit that is %s as the version before does", async (name, steps) => {
  for (const [ms, command] of steps) {
    at(ms);
    await store.run(KEY, command);
  }
  const kept = Object.entries((await server.send("HGETALL", REDIS_KEY)) as object);
  const added = ["totals", "seconds", "holders", "failedRunsMs", "policyUsed"];
  expect(Object.fromEntries(kept.filter(([field]) => !added.includes(field)))).toEqual(
    RECORDED[name]?.hash,
  );
});

test.each(STEPS)(
  "reads a circuit that is %s and was kept by the version before",
  async (name, steps) => {
    const { hash, snapshot } = RECORDED[name] ?? expect.fail(`${name} is not recorded`);
    await server.send("HSET", REDIS_KEY, ...Object.entries(hash).flat());
    at(steps.at(-1)?.[0] ?? 0);
    const read = await store.run(KEY, { kind: "read" });
    expect(read.snapshot).toEqual(snapshot);
  },
);

test("what is counted outlasts a process of the version before, which writes its own fields", async () => {
  const [, steps = []] = STEPS.find(([name]) => name === "open") ?? [];
  for (const [ms, command] of steps) {
    at(ms);
    await store.run(KEY, command);
  }
  // A process of the previous version closes the circuit, and writes outcomes that it has counted.
  const { hash = {} } = RECORDED["closed and well"] ?? {};
  const written = {
    ...hash,
    nowMs: String(Math.floor(time.nowMicros / 1000)),
    successes: "9",
    failures: "8",
  };
  await server.send("HSET", REDIS_KEY, ...Object.entries(written).flat());
  at(9000);
  await store.run(KEY, good);
  const { report } = await store.run(KEY, { kind: "read", report: true });
  expect(report).toMatchObject({
    failures: [{ fault: "registry", limited: false, count: 6 }],
    transitions: { tripped: 1 },
    policy,
    seconds: [
      { secondsAgo: 9, successes: 0, failures: 2 },
      { secondsAgo: 8, successes: 0, failures: 2 },
      { secondsAgo: 7, successes: 9, failures: 4 },
      { secondsAgo: 0, successes: 1, failures: 0 },
    ],
  });
});

test("a circuit of the version before is counted from now on", async () => {
  const { hash } = RECORDED["closed and well"] ?? expect.fail("it is not recorded");
  await server.send("HSET", REDIS_KEY, ...Object.entries(hash).flat());
  at(5000);
  expect((await store.run(KEY, { kind: "read", report: true })).report).toMatchObject({
    failures: [],
    openMs: 0,
    seconds: [],
    policy: null,
  });
  await store.run(KEY, { ...bad, failures: 1 });
  expect((await store.run(KEY, { kind: "read", report: true })).report).toMatchObject({
    failures: [{ fault: "registry", limited: false, count: 1 }],
    seconds: [{ secondsAgo: 0, successes: 0, failures: 1 }],
    policy,
  });
});

test("what others have written in place of a count does no harm", async () => {
  await store.run(KEY, good);
  const rubbish = ["totals", "seconds", "holders", "failedRunsMs", "policyUsed"];
  for (const text of [
    "rubbish = ",
    "=\n:",
    "x".repeat(100_000),
    "1 ".repeat(20_000),
    "a=1 a=b =3",
  ]) {
    await server.send("HSET", REDIS_KEY, ...rubbish.flatMap((field) => [field, text]));
    at(1000);
    expect((await store.run(KEY, { kind: "read", report: true })).snapshot.state).toBe("closed");
    await store.run(KEY, bad);
    await store.run(KEY, { kind: "tell", rejections: 1, runs: [], failedRunsMs: [5] });
    const { report } = await store.run(KEY, { kind: "read", report: true });
    expect(report?.rejections).toBeGreaterThan(0);
    at(0);
  }
});

test("commands of one turn share one script, with the same replies as separate ones", async () => {
  const memory = memoryStore({ nowMicros: time.read });
  let scripts = 0;
  for (const [, steps] of STEPS) {
    for (const [ms, command] of steps) {
      at(10_000 * scripts + ms);
      const commands = [good, command, admit(own), { ...good, generation: null }, admit(own)];
      const expected = await Promise.all(commands.map((one) => memory.run(KEY, one)));
      expect(await Promise.all(commands.map((one) => store.run(KEY, one)))).toEqual(expected);
      scripts += 1;
    }
  }
  const stats = String(await server.send("INFO", "commandstats"));
  expect(stats).toContain(`cmdstat_evalsha:calls=${scripts},`);
});

test("extends the expiry of frequent writes once a minute", async () => {
  for (const ms of [0, 1, 20, 19_000]) {
    at(ms);
    await store.run(KEY, good);
  }
  const expiries = async () =>
    /cmdstat_pexpire:calls=(\d+),/.exec(String(await server.send("INFO", "commandstats")))?.[1];
  expect(await expiries()).toBe("1");
  at(20_000);
  await store.run(KEY, good);
  expect(await expiries()).toBe("2");
});
