/**
 * Tests that the store counts each outcome of many processes exactly once. An outcome stops all processes
 * or only its own, as the rules require. Real processes run on every kind of store.
 */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FleetMode } from "../../../src/fleet/client/fleet-options.js";
import { until } from "../redis/redis-server.js";
import { fleetProcesses, type Member, type MemberPlan } from "./fleet-processes.js";
import { PATIENCE_MS, SCENES, type Scene } from "./scenes.js";

const STRICT: readonly FleetMode[] = Array.from({ length: 20 }, () => "strict");
const PLAN: MemberPlan = {
  fleet: { timeoutMs: PATIENCE_MS, minimumReporters: 2 },
  breaker: { trip: { badSeconds: 5, windowMs: 60_000 }, resetTimeoutMs: 60_000 },
};
const TWO_BAD_SECONDS = { trip: { badSeconds: 2, windowMs: 60_000 } };
const FAILURE = { outcome: "failure" } as const;
const SUCCESS = { outcome: "success" } as const;
const LIMIT = { outcome: "failure", openNow: true } as const;
/** How many times to try a burst. A slow machine may not complete a burst within a second. */
const BURSTS = 10;

const processes = fleetProcesses();

describe.each(SCENES)("%s", (kind, open) => {
  const pushes = kind !== "SQLite";
  let scene: Scene;
  let members: readonly Member[];
  let cached: readonly Member[];
  beforeAll(async () => {
    scene = await open();
    const modes = [...STRICT, ...(pushes ? (["cached"] as const) : [])];
    const all = await processes.start(modes, scene, PLAN);
    members = all.slice(0, STRICT.length);
    cached = all.slice(STRICT.length);
  });
  afterAll(async () => {
    await processes.end();
    await scene.close();
  });

  /** Runs an action on several members at once. Without `some`, it runs on all strict members. */
  const each = <T>(doIt: (member: Member) => Promise<T>, some = members) =>
    Promise.all(some.map(doIt));
  const member = (index: number) => {
    const found = members[index];
    if (found === undefined) throw new Error(`there is no member ${index}`);
    return found;
  };
  const stored = async (name: string) => {
    const { stored: snapshot, history } = await member(0).look(name);
    if (snapshot === null) throw new Error(`the store does not know ${name}`);
    return { snapshot, history };
  };
  const nextSecond = async () => {
    const endsMs = (await scene.nowMs()) + 1000;
    await until(async () => (await scene.nowMs()) > endsMs);
  };

  test("200 failures of 20 processes within a second are one bad second, and open nothing", async () => {
    for (let burst = 1; burst <= BURSTS; burst += 1) {
      const name = `burst ${burst}`;
      expect(await each((one) => one.take(name, 10))).toEqual(STRICT.map(() => 10));
      const beganMs = await scene.nowMs();
      await each((one) => one.settle(FAILURE, 10));
      const tookMs = (await scene.nowMs()) - beganMs;
      await nextSecond();
      const { snapshot, history } = await stored(name);
      const { failures, late, successes } = snapshot.counts;
      expect({ all: failures + late, successes }).toEqual({ all: 200, successes: 0 });
      if (tookMs >= 1000) continue;
      expect(snapshot).toMatchObject({ state: "closed", badSeconds: 1, counts: { failures: 200 } });
      expect(history).toEqual([]);
      return;
    }
    throw new Error(`the machine took longer than a second for each of ${BURSTS} bursts`);
  });

  test("200 failures of 20 processes over five bad seconds open it once", async () => {
    const name = "five seconds";
    await each((one) => one.take(name, 10));
    const beganMs = Math.floor(await scene.nowMs());
    for (const share of [2, 2, 2, 2, 1]) {
      await each((one) => one.settle(FAILURE, share));
      await nextSecond();
    }
    // All members report at once. The first report opens the circuit, so the others are late.
    await each((one) => one.settle(FAILURE));
    const { snapshot, history } = await stored(name);
    const { generation, state, counts } = snapshot;
    expect(history).toMatchObject([{ reason: "tripped", from: "closed", to: "open", generation }]);
    expect(state).toBe("open");
    expect(history[0]?.atMs).toBeGreaterThanOrEqual(beganMs + 5000);
    expect(counts.failures + counts.late).toBe(200);
    expect(counts.late).toBeGreaterThanOrEqual(19);
    const refused = await each((one) => one.call(name, SUCCESS));
    expect(refused.flat().filter((end) => !/^(shared|local) open$/.test(end))).toEqual([]);
  });

  const modes: readonly FleetMode[] = pushes ? ["strict", "cached"] : ["strict"];
  test.each(modes)("late outcomes change nothing but their count, %s", async (mode) => {
    const name = `late ${mode}`;
    const [slow] = mode === "strict" ? members.slice(1) : cached;
    const counts = { successes: 0, failures: 1 };
    expect(await slow?.take(name, 5)).toBe(5);
    await member(0).take(name);
    await member(0).settle(LIMIT);
    const open = await stored(name);
    expect(open.snapshot).toMatchObject({ state: "open", counts: { ...counts, late: 0 } });

    await slow?.settle(SUCCESS, 2);
    await slow?.settle(FAILURE);
    const still = await stored(name);
    expect(still.history).toEqual(open.history);
    const { generation, openings, failure } = open.snapshot;
    const known = { state: "open", generation, openings, failure };
    expect(still.snapshot).toMatchObject({ ...known, counts: { ...counts, late: 3 } });

    await member(0).ask("reset", { name });
    const closed = await stored(name);
    await slow?.settle(SUCCESS);
    await slow?.settle(LIMIT);
    const after = await stored(name);
    expect(after.history).toEqual(closed.history);
    const { ageMs: _, ...expected } = closed.snapshot;
    expect(after.snapshot).toMatchObject({ ...expected, counts: { ...counts, late: 5 } });
    expect(after.snapshot).toMatchObject({ state: "closed", badSeconds: 0, reporters: 0 });
  });

  test.each([
    ["while the others succeed", 9],
    ["while the others are idle", 0],
  ])("one process with a broken network stops itself alone, %s", async (_when, busy) => {
    const name = `broken ${busy}`;
    const ten = members.slice(0, 10);
    await each((one) => one.share(name, TWO_BAD_SECONDS), ten);
    const others = ten.slice(1);
    await each((one) => one.call(name, SUCCESS), others);
    const ends: string[] = [];
    let failures = 0;
    await until(async () => {
      const [end] = await member(0).call(name, FAILURE);
      if (end === "failure") failures += 1;
      ends.push(...(await each((one) => one.call(name, SUCCESS), others.slice(0, busy))).flat());
      await sleep(50);
      return end !== "failure";
    });
    expect(await member(0).call(name, FAILURE)).toEqual(["local open"]);
    ends.push(...(await each((one) => one.call(name, SUCCESS), others)).flat());
    expect(ends.filter((end) => end !== "success")).toEqual([]);
    const looks = await each((one) => one.look(name), ten);
    expect(looks.map(({ local }) => local)).toEqual(["open", ...others.map(() => "closed")]);
    const { snapshot, history } = await stored(name);
    expect(history).toEqual([]);
    expect(snapshot).toMatchObject({ state: "closed", counts: { failures, late: 0 } });
  });

  // All members on a store in memory share one process, so that process cannot be killed.
  if (kind === "memory") return;

  test("a rate limit that was told is known to the others when the process is killed", async () => {
    for (const name of ["told once", "told again"]) {
      await each((one) => one.call(name, SUCCESS));
      const [victim] = await processes.start(["strict"], scene, PLAN);
      const ended = once(victim.process.child, "exit");
      await victim.take(name);
      victim.ask("settleAndDie", LIMIT).catch(() => undefined);
      expect(await ended).toEqual([null, "SIGKILL"]);
      const refused = await each((one) => one.call(name, SUCCESS));
      expect(refused.flat()).toEqual(STRICT.map(() => "shared open"));
    }
  });
});
