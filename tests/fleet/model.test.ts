/** Compares processes that share a circuit with the reference model of the rules. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { clockSteps, Knowledge, plans, policies, share, ticks } from "./fleet-schedules.js";
import { ReferenceCircuit } from "./reference-model.js";
import { type Network, SimulatedFleet, type Step } from "./simulated-fleet.js";
import { virtualCircuit } from "./virtual-circuit.js";

const NODES = 3;
const node = fc.nat(NODES - 1);
const outcome = fc.constantFrom("success", "failure", "failure", "limit", "none" as const);
const network = fc.constantFrom<Network>("works", "loses the command", "loses the answer");

const action = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      node,
      count: fc.integer({ min: 1, max: 4 }),
      chance: share(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      node,
      outcomes: fc.array(outcome, { minLength: 1, maxLength: 3 }),
      retryAfterMs: fc.constantFrom(0, 0, 0, 0.5, 2500),
      chance: share(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("unasked" as const), node, fails: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("network" as const), node, network }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clock" as const), step: clockSteps }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("restart" as const, "release", "reset") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("isolate" as const),
      expiresInMs: fc.constantFrom(0.5, 1000, 60_000),
    }),
  },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(action, ticks).map(([rest, tick]): Step => ({ ...rest, tick })),
  { maxLength: 80, size: "max" },
);

test("the rules hold, whatever processes, network, clock and store do", async () => {
  const schedules = fc.asyncProperty(policies, steps, (policy, schedule) =>
    new SimulatedFleet(policy, NODES).run(schedule),
  );
  await fc.assert(schedules, { numRuns: 300 });
});

test("the reducer and the reference reply alike to any commands", async () => {
  const commands = fc.array(fc.tuple(plans, ticks, fc.option(clockSteps, { freq: 20 })), {
    maxLength: 80,
    size: "max",
  });
  const schedules = fc.asyncProperty(policies, commands, async (policy, schedule) => {
    const { circuit, time } = virtualCircuit();
    const reference = new ReferenceCircuit(policy);
    const knowledge = new Knowledge();
    for (const [plan, tick, clockStep] of schedule) {
      time.nowMicros += tick + (clockStep ?? 0);
      const command = knowledge.plan(plan, policy);
      // The reference has no counts, because counts decide nothing. The test that compares stores covers
      // them.
      const { report: _report, ...reply } = await circuit.run(command);
      expect(reply).toEqual(reference.run(command, time.nowMicros));
      knowledge.learn(command, reply);
    }
    expect(await circuit.history()).toEqual(reference.history.slice(-100));
  });
  await fc.assert(schedules, { numRuns: 300 });
});
