import { describe, expect, test } from "vitest";
import {
  START_MS,
  type VirtualCircuit,
  virtualCircuit,
} from "../../../tests/fleet/virtual-circuit.js";
import { RATE_LIMIT, REPORTER } from "../../testing/fleet/circuit.js";

describe("a generation", () => {
  test("is the store's time in microseconds", async () => {
    const { circuit, time } = virtualCircuit();
    time.move(0.123);
    expect((await circuit.admit()).snapshot.generation).toBe(START_MS * 1000 + 123);
    time.move(5);
    const { changes, snapshot } = await circuit.reset();
    expect(snapshot.generation).toBe(START_MS * 1000 + 5123);
    expect(changes).toMatchObject([{ generation: snapshot.generation, atMs: START_MS + 5 }]);
  });

  test("grows by one if time stands still or goes back", async () => {
    const { circuit, time } = virtualCircuit();
    const first = (await circuit.admit()).snapshot.generation;
    expect((await circuit.reset()).snapshot.generation).toBe(first + 1);
    time.move(0.001);
    expect((await circuit.reset()).snapshot.generation).toBe(first + 2);
    time.move(0.003);
    expect((await circuit.reset()).snapshot.generation).toBe(first + 4);
    time.move(-3_600_000);
    expect((await circuit.reset()).snapshot.generation).toBe(first + 5);
  });

  test("begins twice in one command that finds an isolation over", async () => {
    const { circuit, time } = virtualCircuit();
    await circuit.isolate({ expiresInMs: 10 });
    time.move(10);
    const { changes } = await circuit.reset();
    expect(changes.map(({ reason }) => reason)).toEqual(["isolation-over", "reset"]);
    expect((changes[1]?.generation ?? 0) - (changes[0]?.generation ?? 0)).toBe(1);
  });
});

/** For each state, the steps that put a circuit into this state for more than ten seconds. */
const STANDS: Record<string, (shared: VirtualCircuit) => Promise<unknown>> = {
  open: ({ circuit }) => circuit.limit(),
  isolated: ({ circuit }) => circuit.isolate({ expiresInMs: 60_000 }),
  "half-open": async ({ circuit, time }) => {
    await circuit.limit();
    time.move(60_000);
    await circuit.admit();
  },
  closed: async ({ circuit }) => {
    await circuit.settle(null, { failures: 1, retryAfterMs: 120_000 });
  },
};

describe.each(Object.entries(STANDS))("a clock that goes back while %s", (_name, bring) => {
  async function brought() {
    const limits = { resetTimeoutMs: 60_000, halfOpenProbeTimeoutMs: 60_000, badSeconds: 1 };
    const shared = virtualCircuit({ ...limits, minimumReporters: 2 });
    await bring(shared);
    shared.time.move(10_000);
    // A late outcome changes nothing, but makes the circuit store the present time.
    const { snapshot } = await shared.circuit.settle(1, { successes: 1 });
    return { ...shared, snapshot };
  }

  test.each([1, 999.999, 1000])("by %d ms makes its time stand still", async (backMs) => {
    const { circuit, time, snapshot } = await brought();
    time.move(-backMs);
    expect(await circuit.read()).toEqual(snapshot);
    const { snapshot: settled } = await circuit.settle(1, { successes: 1 });
    expect({ ...settled, counts: snapshot.counts }).toEqual(snapshot);
    time.move(backMs + 5);
    expect((await circuit.read()).ageMs).toBe(snapshot.ageMs + 5);
  });

  test.each([1001, 3_600_000])("by %i ms shifts all of its times", async (backMs) => {
    const { circuit, time, snapshot } = await brought();
    time.move(-backMs);
    expect(await circuit.read()).toEqual(snapshot);
    const { snapshot: settled } = await circuit.settle(1, { successes: 1 });
    expect({ ...settled, counts: snapshot.counts }).toEqual(snapshot);
    time.move(5);
    const later = await circuit.read();
    expect(later.ageMs).toBe(snapshot.ageMs + 5);
    expect(later.retryAfterMs).toBe(Math.max(0, snapshot.retryAfterMs - 5));
    const { isolation } = snapshot;
    const aged = isolation && {
      ...isolation,
      ageMs: isolation.ageMs + 5,
      remainingMs: isolation.remainingMs - 5,
    };
    expect(later.isolation).toEqual(aged);
  });
});

describe("after a clock was set back by an hour", () => {
  /** Sets the clock back by an hour, and sends a command so that the circuit shifts its times. */
  async function setBack({ circuit, time }: VirtualCircuit): Promise<void> {
    time.move(-3_600_000);
    await circuit.admit();
  }

  test("a row continues where it was, with its reporters", async () => {
    const shared = virtualCircuit({ badSeconds: 3, windowMs: 10_000, minimumReporters: 2 });
    const { circuit, time } = shared;
    const other = { ...REPORTER, id: "b" };
    await circuit.settle(null, { failures: 1 });
    time.move(1000);
    await circuit.settle(null, { failures: 1, reporter: other });
    await setBack(shared);
    await circuit.settle(null, { failures: 1, reporter: other });
    expect(await circuit.read()).toMatchObject({ badSeconds: 1, reporters: 2 });
    time.move(1000);
    await circuit.settle(null, { failures: 1, reporter: other });
    time.move(8000);
    expect((await circuit.admit()).refusal).toBe("open");
    // One millisecond later, the first bad second is too old to count.
    const late = virtualCircuit({ badSeconds: 3, windowMs: 10_000, minimumReporters: 1 });
    await late.circuit.settle(null, { failures: 1 });
    late.time.move(1000);
    await late.circuit.settle(null, { failures: 1 });
    await setBack(late);
    late.time.move(1000);
    await late.circuit.settle(null, { failures: 1 });
    late.time.move(8001);
    expect((await late.circuit.admit()).refusal).toBeNull();
  });

  test("a reporter is forgotten when its report is as old as the window", async () => {
    const shared = virtualCircuit({ windowMs: 10_000, minimumReporters: 2 });
    await shared.circuit.settle(null, { failures: 1 });
    await setBack(shared);
    shared.time.move(10_001);
    const other = { ...REPORTER, id: "b" };
    const { snapshot } = await shared.circuit.settle(null, { failures: 1, reporter: other });
    expect(snapshot.reporters).toBe(1);
  });

  test("an upstream is left alone for as long as it asked", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000 });
    await shared.circuit.settle(null, { failures: 1, retryAfterMs: 50_000 });
    await setBack(shared);
    shared.time.move(10_000);
    expect((await shared.circuit.limit()).changes).toMatchObject([{ forMs: 40_000 }]);
  });

  test("an upstream that asked for nothing is not left alone for longer", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 1000 });
    await shared.circuit.settle(null, { failures: 1 });
    await setBack(shared);
    expect((await shared.circuit.limit()).changes).toMatchObject([{ forMs: 1000 }]);
  });

  test("an admission that changes nothing else keeps the time that it found", async () => {
    const shared = virtualCircuit({ resetTimeoutMs: 10_000 });
    await shared.circuit.admit();
    await setBack(shared);
    shared.time.move(5000);
    expect(await shared.circuit.read()).toMatchObject({ ageMs: 5000 });
  });

  test("changes have the clock's unshifted time", async () => {
    const shared = virtualCircuit();
    await shared.circuit.admit();
    await setBack(shared);
    const { changes } = await shared.circuit.limit();
    expect(changes).toMatchObject([{ atMs: START_MS - 3_600_000 }]);
    expect(changes).toMatchObject([{ failure: { ...RATE_LIMIT, reporter: REPORTER } }]);
  });
});
