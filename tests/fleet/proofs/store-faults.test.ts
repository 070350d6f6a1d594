/**
 * Redis killed, frozen, cut off, slow, emptied and without its script, while five processes make calls:
 * no call waits longer than the deadline or fails for it, and all agree again soon after.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FleetMode } from "../../../src/fleet/client/fleet-options.js";
import { redisStore } from "../../../src/fleet/redis/index.js";
import type { ControlCommand } from "../../../src/fleet/rules/command.js";
import type { FleetSnapshot } from "../../../src/fleet/rules/reply.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { RedisServer, until } from "../redis/redis-server.js";
import { TcpGate } from "../tcp-gate.js";
import { fleetProcesses, type Member, type MemberPlan } from "./fleet-processes.js";
import { REDIS_CLIENTS, redisSceneAt } from "./scenes.js";

const NAME = "under load";
const KEY = { scope: "default", name: NAME };
const DEADLINE_MS = 100;
const AGREE_WITHIN_MS = 2000;
/** Long enough for every pause between two attempts to connect to be at its longest. */
const FAULT_MS = 2000;
const BY = { owner: "the test", reason: "to see who hears of it" };
const ISOLATE = { kind: "isolate", expiresInMs: 600_000, ...BY } as const;
const RELEASE = { kind: "release", ...BY } as const;
const MODES: readonly FleetMode[] = ["strict", "strict", "strict", "strict", "cached"];
const PLAN: MemberPlan = {
  fleet: { timeoutMs: DEADLINE_MS },
  breaker: { trip: { badSeconds: 5, windowMs: 60_000 } },
};

/** What can happen to a server, or to the way to it. */
interface Fault {
  readonly name: string;
  /** Whether the store is away for as long as it is not ended. */
  readonly lasts: boolean;
  /** Whether the store has forgotten the circuit after it. */
  readonly forgets?: true;
  begin(server: RedisServer, gate: TcpGate): unknown;
  end(server: RedisServer, gate: TcpGate): unknown;
}

const FAULTS: readonly Fault[] = [
  {
    name: "killed with -9, and started again",
    lasts: true,
    begin: (server) => server.kill(),
    end: (server) => server.restart(),
  },
  {
    name: "frozen",
    lasts: true,
    begin: (server) => server.stop(),
    end: (server) => server.continue(),
  },
  {
    name: "cut off",
    lasts: true,
    begin: (_, gate) => setSilence(gate, true),
    end(_, gate) {
      setSilence(gate, false);
      gate.cut();
    },
  },
  {
    name: "slow by 500 ms",
    lasts: true,
    begin: (_, gate) => setDelay(gate, 250),
    end: (_, gate) => setDelay(gate, 0),
  },
  {
    name: "restarted empty",
    lasts: false,
    forgets: true,
    begin: (server) => server.restart(),
    end: () => undefined,
  },
  {
    name: "without its script",
    lasts: false,
    begin: (server) => server.send("SCRIPT", "FLUSH"),
    end: () => undefined,
  },
];

function setSilence(gate: TcpGate, isSilent: boolean): void {
  gate.swallowsRequests = isSilent;
  gate.swallowsAnswers = isSilent;
}

function setDelay(gate: TcpGate, delayMs: number): void {
  gate.delayMs = delayMs;
}

/** What a process knows of the circuit. */
interface Known {
  readonly known: FleetSnapshot | null;
  readonly storeUp: boolean;
  /** For how long it had to wait for its turn, all in all. */
  readonly starvedMs: number;
}

/** What a process tells of the calls that it has made. */
interface LoadReport {
  readonly calls: number;
  readonly overdue: number;
  readonly foreign: readonly string[];
  readonly unhandled: readonly string[];
}

const processes = fleetProcesses();

describe.each(REDIS_CLIENTS)("Redis by %s", (kind) => {
  let server: RedisServer;
  let gate: TcpGate;
  /** Not behind the gate. */
  let store: FleetStore;
  let members: readonly Member[];
  beforeAll(async () => {
    server = await RedisServer.start();
    gate = await TcpGate.open(server.port);
    store = redisStore({ client: createClient({ url: server.url }) });
    members = await processes.start(MODES, redisSceneAt(kind, server, gate), PLAN);
  });
  afterAll(async () => {
    await processes.end();
    await store?.close();
    await gate?.close();
    await server?.close();
  });

  const knownToAll = () =>
    Promise.all(members.map((member) => member.ask<Known>("known", { name: NAME })));
  const agree = async () => {
    const told = await store.run(KEY, { kind: "read" }).catch(() => undefined);
    if (told === undefined) return false;
    const { generation, state, isolation } = told.snapshot;
    return (await knownToAll()).every(
      ({ known }) =>
        known?.generation === generation &&
        known.state === state &&
        (known.isolation === null) === (isolation === null),
    );
  };
  /** Tells the store past the gate, as soon as it can be asked. */
  const tell = (command: ControlCommand) =>
    until(() =>
      store.run(KEY, command).then(
        () => true,
        () => false,
      ),
    );
  /** How long the process that had to wait the longest has done so since. */
  const starvedSince = (before: readonly Known[], after: readonly Known[]) =>
    Math.max(...after.map(({ starvedMs }, index) => starvedMs - (before[index]?.starvedMs ?? 0)));

  test.each(FAULTS)("$name: calls go on, and all agree soon after", async (fault) => {
    await Promise.all(
      members.map((member) => member.ask("load", { name: NAME, deadlineMs: DEADLINE_MS })),
    );
    await tell(fault.forgets ? ISOLATE : RELEASE);
    await until(agree);
    await fault.begin(server, gate);
    if (fault.lasts) {
      await until(async () => (await knownToAll()).every(({ storeUp }) => !storeUp));
      await sleep(FAULT_MS);
    }
    await fault.end(server, gate);
    const before = await knownToAll();
    const returnedMs = performance.now();
    // All have something to learn: what the store has forgotten, or what it is told now.
    if (!fault.forgets) await tell(ISOLATE);
    await until(agree);
    const tookMs = performance.now() - returnedMs;
    const allowedMs = AGREE_WITHIN_MS + starvedSince(before, await knownToAll());

    const reports = await Promise.all(members.map((member) => member.ask<LoadReport>("unload")));
    for (const { calls, ...report } of reports) {
      expect(report).toMatchObject({ overdue: 0, foreign: [], unhandled: [] });
      expect(calls).toBeGreaterThan(0);
    }
    expect(members.map(({ process }) => process.complaints)).toEqual(MODES.map(() => ""));
    expect(tookMs).toBeLessThan(allowedMs);
  });
});
