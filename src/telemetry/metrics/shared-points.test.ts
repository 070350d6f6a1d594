import { expect, test } from "vitest";
import { POLICY as USUAL_POLICY } from "../../../tests/fleet/commands.js";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import type { FleetCommand, SettleCommand } from "../../fleet/rules/command.js";
import { pointsOfShared } from "./shared-points.js";

const KEY = { scope: "egress", name: "registry:docker.io" };
const POLICY = { ...USUAL_POLICY, halfOpenProbeTimeoutMs: 45_000 };
const FAILURE: SettleCommand = {
  kind: "settle",
  policy: POLICY,
  generation: null,
  successes: 0,
  failures: 1,
  leases: [],
  reporter: { id: "a", host: "runner-1", run: null },
  failure: null,
  openNow: true,
  retryAfterMs: 0,
  chance: 0,
};
const PROBE: FleetCommand = { kind: "admit", policy: POLICY, count: 1, lease: "a-1", chance: 0 };

function newScene() {
  let nowMs = 1_000_000;
  const store = memoryStore({ nowMicros: () => nowMs * 1000 });
  return {
    run: (command: FleetCommand) => store.run(KEY, command),
    pass: (ms: number) => {
      nowMs += ms;
    },
    async read(suffix: string) {
      const [entry] = await store.list(KEY.scope, undefined, true);
      if (entry === undefined) return expect.unreachable();
      return pointsOfShared({ ...entry, scope: KEY.scope })
        .filter(({ instrument }) => instrument.name.endsWith(suffix))
        .map(({ value }) => value);
    },
  };
}

test("a probe is overdue once its lease has ended, until the circuit leaves half-open", async () => {
  const { run, pass, read } = newScene();
  await run(FAILURE);
  pass(60_000);
  expect(await read("probe.overdue")).toEqual([0]);
  const { snapshot } = await run(PROBE);
  pass(45_000);
  expect(await read("probe.overdue")).toEqual([0]);
  pass(30_000);
  expect(await read("probe.overdue")).toEqual([30]);
  await run({ ...FAILURE, generation: snapshot.generation, leases: ["a-1.0"] });
  expect(await read("probe.overdue")).toEqual([0]);
});

test("the age of an isolation is 0 before and after it", async () => {
  const { run, pass, read } = newScene();
  await run(FAILURE);
  expect(await read("isolation.age")).toEqual([0]);
  const reason = "maintenance";
  await run({ kind: "isolate", reason, owner: "ops", expiresInMs: 172_800_000 });
  pass(100_000_000);
  expect(await read("isolation.age")).toEqual([100_000]);
  await run({ kind: "release", reason, owner: "ops" });
  expect(await read("isolation.age")).toEqual([0]);
});
