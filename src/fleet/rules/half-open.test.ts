import { describe, expect, test } from "vitest";
import { virtualCircuit } from "../../../tests/fleet/virtual-circuit.js";
import type { SharedPolicy } from "./policy.js";

/** Returns an open circuit whose open time is over. */
async function due(policy: Partial<SharedPolicy> = {}) {
  const shared = virtualCircuit({ resetTimeoutMs: 1000, halfOpenProbeTimeoutMs: 5000, ...policy });
  await shared.circuit.limit();
  shared.time.move(1000);
  return shared;
}

describe("a lease", () => {
  test("ends at its end, to the millisecond", async () => {
    const { circuit, time } = await due();
    await circuit.admit();
    time.move(4999);
    expect(await circuit.admit()).toMatchObject({
      admitted: 0,
      refusal: "probing",
      changes: [],
      snapshot: { probes: 1, retryAfterMs: 1 },
    });
    time.move(1);
    expect(await circuit.read()).toMatchObject({ probes: 0, retryAfterMs: 0 });
    expect(await circuit.admit()).toMatchObject({ admitted: 1, snapshot: { probes: 1 } });
  });

  test.each([
    [0.1, 1],
    [1, 1],
    [7.9, 8],
    [8.1, 9],
  ])("for %d ms lasts %i", async (halfOpenProbeTimeoutMs, forMs) => {
    const { circuit } = await due({ halfOpenProbeTimeoutMs });
    expect((await circuit.admit()).snapshot.retryAfterMs).toBe(forMs);
  });

  test("that was returned is free at once; those of others stay", async () => {
    const { circuit } = await due({ halfOpenMaxCalls: 3 });
    const { generation } = (await circuit.admit({ count: 2, lease: "a" })).snapshot;
    await circuit.admit({ lease: "b" });
    await circuit.settle(generation, { leases: ["a.1", "b.0", "a.7"] });
    expect((await circuit.read()).probes).toBe(1);
    await circuit.settle(generation, { leases: ["a.0"] });
    expect(await circuit.read()).toMatchObject({ probes: 0, retryAfterMs: 0 });
  });

  test("is returned by any settlement, whatever the generation", async () => {
    const { circuit } = await due();
    await circuit.admit({ lease: "a" });
    const { late, snapshot } = await circuit.settle(1, { successes: 1, leases: ["a.0"] });
    expect([late, snapshot.probes]).toEqual([1, 0]);
  });

  test("goes to the first calls of a batch, and the others are rejected", async () => {
    const { circuit } = await due({ halfOpenMaxCalls: 3 });
    await circuit.admit();
    const { admitted, refusal } = await circuit.admit({ count: 3, lease: "b" });
    expect([admitted, refusal]).toEqual([2, "probing"]);
    const { generation } = await circuit.read();
    const { snapshot } = await circuit.settle(generation, { leases: ["b.0", "b.1"] });
    expect(snapshot.probes).toBe(1);
  });

  test("is neither revoked nor granted by a policy with fewer of them", async () => {
    const { circuit } = await due({ halfOpenMaxCalls: 3 });
    await circuit.admit({ count: 3 });
    const { admitted, snapshot } = await circuit.with({ halfOpenMaxCalls: 1 }).admit();
    expect([admitted, snapshot.probes]).toEqual([0, 3]);
  });

  test("is waited for until the first expires, in any order of grants", async () => {
    const { circuit, time } = await due({ halfOpenMaxCalls: 2 });
    await circuit.admit();
    time.move(1000);
    await circuit.with({ halfOpenProbeTimeoutMs: 500 }).admit();
    expect((await circuit.admit()).snapshot.retryAfterMs).toBe(500);
    time.move(500);
    expect(await circuit.read()).toMatchObject({ probes: 1, retryAfterMs: 3500 });
  });
});

describe("a probe", () => {
  test.each([1, 2, 3])("closes the circuit with the success that makes %i", async (threshold) => {
    const policy = { halfOpenMaxCalls: 3, halfOpenSuccessThreshold: threshold };
    const { circuit } = await due(policy);
    const { generation } = (await circuit.admit()).snapshot;
    for (let success = 1; success < threshold; success += 1) {
      const { changes, snapshot } = await circuit.settle(generation, { successes: 1 });
      expect([changes, snapshot.state]).toEqual([[], "half-open"]);
    }
    const { changes, snapshot } = await circuit.settle(generation, { successes: 1 });
    expect(changes).toMatchObject([{ reason: "probe-succeeded", to: "closed", failure: null }]);
    expect(snapshot).toMatchObject({ state: "closed", openings: 1, badSeconds: 0, failure: null });
  });

  test("closes the circuit with more successes at once than needed", async () => {
    const { circuit } = await due({ halfOpenSuccessThreshold: 2 });
    const { generation } = (await circuit.admit()).snapshot;
    expect((await circuit.settle(generation, { successes: 3 })).snapshot.state).toBe("closed");
  });

  test("that fails opens the circuit, and earlier successes are forgotten", async () => {
    const { circuit, time } = await due({ halfOpenMaxCalls: 2, halfOpenSuccessThreshold: 2 });
    const { generation } = (await circuit.admit({ count: 2 })).snapshot;
    await circuit.settle(generation, { successes: 1 });
    const { snapshot } = await circuit.settle(generation, { failures: 1 });
    expect(snapshot).toMatchObject({ state: "open", openings: 2, probes: 0, ageMs: 0 });
    time.move(1000);
    const again = (await circuit.admit()).snapshot.generation;
    expect((await circuit.settle(again, { successes: 1 })).snapshot.state).toBe("half-open");
  });

  test("that fails without details keeps the last reported failure", async () => {
    const { circuit } = await due();
    const { generation } = (await circuit.admit()).snapshot;
    const { changes } = await circuit.settle(generation, { failures: 1, failure: null });
    expect(changes).toMatchObject([{ failure: { rule: "http-429" } }]);
  });

  test("counts after its lease has expired, while its generation lasts", async () => {
    const { circuit, time } = await due();
    const { generation } = (await circuit.admit({ lease: "a" })).snapshot;
    time.move(60_000);
    const { counted } = await circuit.settle(generation, { successes: 1, leases: ["a.0"] });
    expect(counted).toBe(1);
    expect((await circuit.settle(generation, { failures: 1 })).late).toBe(1);
  });
});
