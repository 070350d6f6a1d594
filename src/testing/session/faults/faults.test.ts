import fc from "fast-check";
import { expect, test } from "vitest";
import type { FaultRule } from "./fault-rules.js";
import type { FaultableCall } from "./faults.js";
import { FaultPlan, seededRandom, upstreamFault } from "./faults.js";

const pull: FaultableCall = {
  operation: "from",
  hosts: ["registry-1.docker.io", "auth.docker.io"],
  text: "docker.io/library/busybox:1",
};
const planOf = (...rules: FaultRule[]) => new FaultPlan(rules, () => 0.5);

test("without rules there is no fault", () => {
  expect(planOf().decide(pull)).toEqual({ latencyMs: 0, fault: undefined, host: undefined });
});

test("the first rule that applies wins, latencies of all add up", () => {
  const plan = planOf(
    { kind: "latency", latencyMs: 5 },
    { operation: "http", kind: "eof" },
    { operation: "from", kind: "status", status: 503 },
    { kind: "hang" },
    { host: "docker.io", kind: "latency", latencyMs: 7 },
  );
  const decision = plan.decide(pull);
  expect(decision).toMatchObject({ latencyMs: 12, fault: { status: 503 } });
  expect(upstreamFault(decision)).toMatchObject({ status: 503 });
});

test("a rule without an operation means work, not its request", () => {
  const plan = planOf({ kind: "hang" });
  expect(plan.decide({ operation: "request", hosts: [], text: "" }).fault).toBeUndefined();
  expect(plan.decide({ operation: "withExec", hosts: [], text: "" }).fault).toBeDefined();
});

test("the host at fault is the rule's, otherwise the main one", () => {
  const fault = { kind: "status", status: 503 } as const;
  expect(planOf({ host: "auth.docker.io", ...fault }).decide(pull).host).toBe("auth.docker.io");
  expect(planOf({ host: "docker.io", ...fault }).decide(pull).host).toBe("registry-1.docker.io");
  expect(planOf({ operation: "from", ...fault }).decide(pull).host).toBe("registry-1.docker.io");
});

test("calls that a probability skips are counted too", () => {
  const numbers = [0.9, 0.1];
  const rule = { operation: "from", calls: { from: 2 }, probability: 0.5, kind: "hang" } as const;
  const plan = new FaultPlan([rule], () => numbers.shift() ?? 1);
  const met = [1, 2, 3, 4].map(() => plan.decide(pull).fault !== undefined);
  expect(met).toEqual([false, false, true, false]);
});

test("an added fault comes first, until its returned function removes it", () => {
  const plan = planOf({ kind: "hang" });
  const lift = plan.add({ kind: "message", message: "mine" });
  expect(plan.decide(pull).fault?.kind).toBe("message");
  lift();
  lift();
  expect(plan.decide(pull).fault?.kind).toBe("hang");
  plan.replace([]);
  expect(plan.decide(pull).fault).toBeUndefined();
});

test("seeded numbers are from 0 to 1, the same for the same seed", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const [first, again] = [seededRandom(seed), seededRandom(seed)];
      for (let count = 0; count < 20; count += 1) {
        const number = first();
        expect(number).toBe(again());
        expect(number >= 0 && number < 1).toBe(true);
      }
    }),
  );
});
