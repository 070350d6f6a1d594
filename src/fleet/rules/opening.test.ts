import { describe, expect, test } from "vitest";
import { type VirtualCircuit, virtualCircuit } from "../../../tests/fleet/virtual-circuit.js";

/** Opens a closed circuit, and returns its open time in milliseconds. */
async function openedFor(
  { circuit }: VirtualCircuit,
  parts: Parameters<typeof circuit.limit>[0] = {},
): Promise<number | null | undefined> {
  return (await circuit.limit(parts)).changes.at(-1)?.forMs;
}

/** Waits for the end of the open time, fails a probe, and returns the next open time. */
async function failedProbe({ circuit, time }: VirtualCircuit, retryAfterMs = 0) {
  time.move((await circuit.read()).retryAfterMs);
  const { generation } = (await circuit.admit()).snapshot;
  return (await circuit.settle(generation, { failures: 1, retryAfterMs })).changes[0]?.forMs;
}

async function recovered({ circuit, time }: VirtualCircuit): Promise<void> {
  time.move((await circuit.read()).retryAfterMs);
  const { generation } = (await circuit.admit()).snapshot;
  await circuit.settle(generation, { successes: 1 });
}

describe("the open time", () => {
  test("ends to the millisecond", async () => {
    const { circuit, time } = virtualCircuit({ resetTimeoutMs: 5000 });
    await circuit.limit();
    time.move(4999.999);
    expect(await circuit.admit()).toMatchObject({
      refusal: "open",
      snapshot: { ageMs: 4999, retryAfterMs: 1 },
    });
    time.move(0.001);
    expect(await circuit.read()).toMatchObject({ state: "open", retryAfterMs: 0 });
    expect(await circuit.admit()).toMatchObject({
      admitted: 1,
      changes: [{ reason: "open-time-over", from: "open", to: "half-open", forMs: null, by: null }],
    });
  });

  test.each([
    [0.5, 1],
    [1, 1],
    [1.000001, 2],
    [1e9 + 0.1, 1e9 + 1],
  ])("of %d ms is one of %i", async (resetTimeoutMs, forMs) => {
    expect(await openedFor(virtualCircuit({ resetTimeoutMs, maxOpenMs: 1e12 }))).toBe(forMs);
  });

  test.each([
    [0, 1000],
    [0.5, 1050],
    [1, 1100],
    [0.123, 1013],
  ])("is longer by a share of chance %d", async (chance, forMs) => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000, openTimeJitter: 0.1 });
    expect(await openedFor(shared, { chance })).toBe(forMs);
  });

  test("grows by a factor per opening, as a product of factors", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 100, openTimeGrowthFactor: 1.1 });
    const times = [await openedFor(shared)];
    for (let opening = 1; opening < 6; opening += 1) times.push(await failedProbe(shared));
    // 100 * 1.1 is 110.00000000000001 in JavaScript, which is rounded up to 111 milliseconds.
    expect(times).toEqual([100, 111, 122, 134, 147, 162]);
  });

  test("grows up to the cap, which jitter does not exceed either", async () => {
    const limits = { openTimeGrowthFactor: 10, openTimeJitter: 1, maxOpenMs: 5000.5 };
    const shared = virtualCircuit({ resetTimeoutMs: 100, ...limits });
    expect(await openedFor(shared)).toBe(100);
    expect([await failedProbe(shared), await failedProbe(shared)]).toEqual([1000, 5001]);
    for (let opening = 0; opening < 400; opening += 1) await failedProbe(shared);
    expect(await failedProbe(shared)).toBe(5001);
    expect((await shared.circuit.read()).openings).toBe(404);
  });

  test("does not grow with a factor of 1, however often it opens", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 100, openTimeGrowthFactor: 1 });
    await openedFor(shared);
    for (let opening = 0; opening < 50; opening += 1) await failedProbe(shared);
    expect(await failedProbe(shared)).toBe(100);
  });

  test.each([
    [999, 2, 2000],
    [1000, 1, 1000],
  ])("forgets growth after a reset timeout spent closed, not after %i ms", async (...expected) => {
    const [closedMs, openings, forMs] = expected;
    const shared = virtualCircuit({ resetTimeoutMs: 1000, openTimeGrowthFactor: 2 });
    await openedFor(shared);
    await recovered(shared);
    shared.time.move(closedMs);
    expect(await openedFor(shared)).toBe(forMs);
    expect((await shared.circuit.read()).openings).toBe(openings);
  });

  test("remembers growth while it probes, for any time", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000, openTimeGrowthFactor: 2 });
    await openedFor(shared);
    shared.time.move(1000);
    const { generation } = (await shared.circuit.admit()).snapshot;
    shared.time.move(1_000_000);
    const { changes } = await shared.circuit.settle(generation, { failures: 1 });
    expect(changes).toMatchObject([{ forMs: 2000 }]);
  });
});

describe("an upstream that asks to be left alone", () => {
  test.each([
    [999, 1000],
    [1000.2, 1001],
    [0.1, 1000],
    [3_600_000, 3_600_000],
    [3_600_001, 3_600_000],
  ])("for %d ms is left alone for %i", async (retryAfterMs, forMs) => {
    expect(await openedFor(virtualCircuit({ resetTimeoutMs: 1000 }), { retryAfterMs })).toBe(forMs);
  });

  test("for less than a millisecond is left alone for a whole one", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 0.25 });
    await shared.circuit.settle(null, { failures: 1, retryAfterMs: 1.5 });
    expect(await openedFor(shared)).toBe(2);
  });

  test("for less than a millisecond is left alone for a whole one before jitter, by a probe too", async () => {
    const limits = { openTimeJitter: 1, openTimeGrowthFactor: 1 };
    const shared = virtualCircuit({ resetTimeoutMs: 0.25, ...limits });
    expect(await openedFor(shared, { retryAfterMs: 0.5, chance: 1 })).toBe(2);
    shared.time.move(2);
    const { generation } = (await shared.circuit.admit()).snapshot;
    const told = { failures: 1, retryAfterMs: 0.5, chance: 1 };
    expect((await shared.circuit.settle(generation, told)).changes).toMatchObject([{ forMs: 2 }]);
  });

  test("is left alone until the latest of the times it asked for", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000 });
    await shared.circuit.settle(null, { failures: 1, retryAfterMs: 50_000 });
    shared.time.move(10_000);
    await shared.circuit.settle(null, { failures: 1, retryAfterMs: 20_000 });
    expect(await openedFor(shared)).toBe(40_000);
  });

  test("long ago does not lengthen the open time", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000 });
    await shared.circuit.settle(null, { failures: 1, retryAfterMs: 50_000 });
    shared.time.move(60_000);
    expect(await openedFor(shared)).toBe(1000);
  });

  test("is left alone for longer with jitter", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000, openTimeJitter: 0.5 });
    expect(await openedFor(shared, { retryAfterMs: 10_000, chance: 0.5 })).toBe(12_500);
  });

  test("counts when a call finds enough bad seconds", async () => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1, resetTimeoutMs: 1000 });
    await circuit.settle(null, { failures: 1, retryAfterMs: 50_000 });
    time.move(5000);
    const { changes } = await circuit.admit();
    expect(changes).toMatchObject([{ reason: "tripped", forMs: 45_000 }]);
  });

  test("may be found by a probe, and requests before the opening are forgotten", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000, maxOpenMs: 30_000 });
    await openedFor(shared, { retryAfterMs: 100_000 });
    expect(await failedProbe(shared)).toBe(1000);
    expect(await failedProbe(shared, 20_000.2)).toBe(20_001);
    expect(await failedProbe(shared, 0.5)).toBe(1000);
  });
});
