/**
 * Disturbs Redis while five processes make calls: kills, freezes, cuts, slows or empties it, or removes its
 * script. No call may wait beyond the deadline or fail because of Redis. Soon after, all processes must
 * agree again.
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
/** The length of a fault. It is long enough for every reconnect delay to reach its maximum. */
const FAULT_MS = 2000;
const BY = { owner: "the test", reason: "to see who hears of it" };
const ISOLATE = { kind: "isolate", expiresInMs: 600_000, ...BY } as const;
const RELEASE = { kind: "release", ...BY } as const;
const MODES: readonly FleetMode[] = ["strict", "strict", "strict", "strict", "cached"];
const PLAN: MemberPlan = {
  fleet: { timeoutMs: DEADLINE_MS },
  breaker: { trip: { badSeconds: 5, windowMs: 60_000 } },
};

/** A fault of the server or its network. */
interface Fault {
  readonly name: string;
  /** Whether the store cannot be reached until the fault ends. */
  readonly lasts: boolean;
  /** Whether the store loses the circuit. */
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

/** The state of the circuit, as a process knows it. */
interface Known {
  readonly known: FleetSnapshot | null;
  readonly storeUp: boolean;
  /** How long the process waited for the processor, in total. */
  readonly starvedMs: number;
}

/** A process's report about its own calls. */
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
  /** The test's own connection, which does not lead through the gate. */
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
  /** Sends a command to the store directly, and repeats it until the store answers. */
  const tell = (command: ControlCommand) =>
    until(() =>
      store.run(KEY, command).then(
        () => true,
        () => false,
      ),
    );
  /** Returns the longest time that a process waited for the processor between two reports. */
  const starvedSince = (before: readonly Known[], after: readonly Known[]) =>
    Math.max(...after.map(({ starvedMs }, index) => starvedMs - (before[index]?.starvedMs ?? 0)));

  test.each(FAULTS)("$name: calls continue, and all agree soon after", async (fault) => {
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
    // Every process must learn something new: this command, or that the store has lost the circuit.
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
