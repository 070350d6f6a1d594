import { describe, expect, test } from "vitest";
import { type VirtualCircuit, virtualCircuit } from "../../../tests/fleet/virtual-circuit.js";
import type { SettleCommand } from "./command.js";

const WINDOW_MS = 10_000;

/** Creates a circuit that opens after three consecutive bad seconds within ten seconds. */
function counting(minimumReporters = 1): VirtualCircuit {
  return virtualCircuit({ badSeconds: 3, windowMs: WINDOW_MS, minimumReporters });
}

/** Returns a failure reported by the process with this id. */
function failureOf(id: string): Partial<SettleCommand> {
  return { failures: 1, reporter: { id, host: id, run: null } };
}

async function badSecond({ circuit, time }: VirtualCircuit, id = "a"): Promise<void> {
  await circuit.settle(null, failureOf(id));
  time.move(1000);
}

describe("a second", () => {
  test("begins with its first outcome and is over 1,000 ms later", async () => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1 });
    await circuit.settle(null, { failures: 1 });
    time.move(999.999);
    expect((await circuit.read()).badSeconds).toBe(0);
    expect((await circuit.admit()).refusal).toBeNull();
    time.move(0.001);
    expect((await circuit.read()).badSeconds).toBe(1);
    expect((await circuit.admit()).refusal).toBe("open");
  });

  test("takes outcomes until it is over, and they may still make it a good one", async () => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1 });
    await circuit.settle(null, { failures: 1 });
    time.move(999);
    await circuit.settle(null, { successes: 1 });
    time.move(1);
    expect((await circuit.admit()).refusal).toBeNull();
  });

  test("that is over takes no more: the next outcome begins another, and judges it", async () => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1 });
    await circuit.settle(null, { failures: 1 });
    time.move(1000);
    const other = { id: "b", host: "b", run: null };
    const { changes, counted } = await circuit.settle(null, { successes: 5, reporter: other });
    expect(counted).toBe(5);
    expect(changes).toMatchObject([{ reason: "tripped", by: { id: "reporter-1" } }]);
  });

  test.each([
    [1, 2, 1],
    [2, 2, 0],
    [3, 2, 0],
  ])("with %i successes and %i failures gives %i bad ones", async (successes, failures, bad) => {
    const { circuit, time } = counting();
    await circuit.settle(null, { successes, failures });
    time.move(1000);
    expect((await circuit.read()).badSeconds).toBe(bad);
  });
});

describe("the row", () => {
  test("opens the circuit at the next call after the last second needed", async () => {
    const shared = counting();
    await badSecond(shared);
    await badSecond(shared);
    expect((await shared.circuit.admit()).refusal).toBeNull();
    await badSecond(shared);
    const { changes } = await shared.circuit.admit();
    expect(changes).toMatchObject([{ reason: "tripped", from: "closed", to: "open" }]);
  });

  test("is not ended by seconds without outcomes", async () => {
    const shared = counting();
    await badSecond(shared);
    shared.time.move(2000);
    await badSecond(shared);
    shared.time.move(2000);
    await badSecond(shared);
    expect((await shared.circuit.admit()).refusal).toBe("open");
  });

  test.each([{ successes: 1 }, { successes: 1, failures: 1 }])(
    "is ended by a second with %o, with all that reported it",
    async (outcomes) => {
      const shared = counting();
      await badSecond(shared, "b");
      await badSecond(shared, "b");
      await shared.circuit.settle(null, outcomes);
      shared.time.move(1000);
      expect(await shared.circuit.read()).toMatchObject({ badSeconds: 0, reporters: 1 });
      const { snapshot } = await shared.circuit.settle(null, { failures: 1 });
      expect(snapshot).toMatchObject({ badSeconds: 0, reporters: 1 });
      shared.time.move(1000);
      expect((await shared.circuit.admit()).refusal).toBeNull();
    },
  );

  test.each([
    [WINDOW_MS, "open"],
    [WINDOW_MS + 1, null],
  ])("holds what began %i ms ago: %s", async (agoMs, refusal) => {
    const shared = counting();
    await badSecond(shared);
    await badSecond(shared);
    await badSecond(shared);
    shared.time.move(agoMs - 3000);
    expect((await shared.circuit.admit()).refusal).toBe(refusal);
  });

  test.each([
    [1000, "open"],
    [1001, null],
  ])("with a window of 1,000.5 ms holds what began %i ms ago: %s", async (agoMs, refusal) => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1, windowMs: 1000.5 });
    await circuit.settle(null, { failures: 1 });
    time.move(agoMs);
    expect((await circuit.admit()).refusal).toBe(refusal);
  });

  test("forgets what is older than the window when a second begins", async () => {
    const shared = counting(2);
    await badSecond(shared);
    await badSecond(shared);
    shared.time.move(WINDOW_MS - 2000 + 1);
    const { snapshot } = await shared.circuit.settle(null, { failures: 1 });
    expect(snapshot.badSeconds).toBe(1);
  });

  test("is no longer than the policy asks for", async () => {
    const shared = counting(2);
    for (let second = 0; second < 6; second += 1) await badSecond(shared);
    const { snapshot } = await shared.circuit.settle(null, failureOf("a"));
    expect(snapshot.badSeconds).toBe(3);
  });

  test("consists of the latest seconds, which stay in the window longest", async () => {
    const { circuit, time } = virtualCircuit({
      badSeconds: 2,
      windowMs: 3000,
      minimumReporters: 2,
    });
    for (const second of [0, 1, 2, 3]) {
      await circuit.settle(null, failureOf("a"));
      time.move(second < 3 ? 1000 : 1500);
    }
    const { changes } = await circuit.settle(null, failureOf("b"));
    expect(changes).toMatchObject([{ reason: "tripped" }]);
  });

  test("is judged by the policy of the command, which may need fewer seconds", async () => {
    const shared = counting();
    await badSecond(shared);
    await badSecond(shared);
    expect((await shared.circuit.admit()).refusal).toBeNull();
    expect((await shared.circuit.with({ badSeconds: 2 }).admit()).refusal).toBe("open");
  });
});

describe("reporters", () => {
  test("are counted by process, not by failure", async () => {
    const shared = counting(2);
    for (let second = 0; second < 4; second += 1) await badSecond(shared);
    expect((await shared.circuit.admit()).refusal).toBeNull();
    await shared.circuit.settle(null, failureOf("b"));
    expect(await shared.circuit.read()).toMatchObject({ state: "open", openings: 1 });
  });

  test.each([
    [1, 0, 1],
    [2, 2, 1],
    [2, 3, 2],
  ])("after a report of %i successes and %i failures by one of two are %i", async (...told) => {
    const [successes, failures, left] = told;
    const { circuit } = counting(2);
    await circuit.settle(null, { ...failureOf("a"), failures: 9 });
    await circuit.settle(null, failureOf("b"));
    const { snapshot } = await circuit.settle(null, { ...failureOf("a"), successes, failures });
    expect(snapshot.reporters).toBe(left);
  });

  test("are zero when the only one reports a success, so that a row of sufficient length waits", async () => {
    const shared = counting();
    for (let second = 0; second < 3; second += 1) await badSecond(shared);
    const { changes } = await shared.circuit.settle(null, { ...failureOf("a"), ...SUCCESS });
    expect(changes).toEqual([]);
    expect((await shared.circuit.admit()).refusal).toBeNull();
    await shared.circuit.settle(null, failureOf("b"));
    expect((await shared.circuit.read()).state).toBe("open");
  });

  test.each([
    [WINDOW_MS, "open"],
    [WINDOW_MS + 1, null],
  ])("whose last failure was reported %i ms ago count: %s", async (agoMs, refusal) => {
    const shared = counting(2);
    await badSecond(shared, "a");
    shared.time.move(agoMs - 3000);
    await badSecond(shared, "b");
    await badSecond(shared, "b");
    expect((await shared.circuit.with({ badSeconds: 2 }).admit()).refusal).toBe(refusal);
  });

  test("that are older than the window are dropped with the next outcome", async () => {
    const { circuit, time } = counting(2);
    await circuit.settle(null, failureOf("a"));
    time.move(WINDOW_MS);
    expect((await circuit.settle(null, failureOf("b"))).snapshot.reporters).toBe(2);
    time.move(1);
    expect((await circuit.settle(null, failureOf("b"))).snapshot.reporters).toBe(1);
  });

  test("are the last eight", async () => {
    const { circuit, time } = virtualCircuit({ badSeconds: 1, minimumReporters: 8 });
    for (const id of "abcdefghi") await circuit.settle(null, failureOf(id));
    expect((await circuit.read()).reporters).toBe(8);
    await circuit.settle(null, { ...failureOf("a"), failures: 0, successes: 1 });
    expect((await circuit.read()).reporters).toBe(8);
    await circuit.settle(null, { ...failureOf("b"), failures: 0, successes: 1 });
    expect((await circuit.read()).reporters).toBe(7);
    await circuit.settle(null, failureOf("b"));
    time.move(1000);
    expect((await circuit.admit()).refusal).toBe("open");
  });

  test("do not matter to a failure that opens at once", async () => {
    const { circuit } = counting(8);
    const { changes } = await circuit.limit({ reporter: { id: "a", host: "a", run: null } });
    expect(changes).toMatchObject([{ reason: "opened-at-once", by: { id: "a" } }]);
  });
});

describe("the reporter named", () => {
  test("at an opening by an admission is that of the last failure", async () => {
    const shared = counting(2);
    await badSecond(shared, "a");
    await badSecond(shared, "a");
    await badSecond(shared, "b");
    const { changes } = await shared.circuit.admit();
    expect(changes).toMatchObject([{ by: { id: "b" }, failure: { reporter: { id: "b" } } }]);
  });

  test("at an opening by a success too", async () => {
    const shared = counting();
    for (const id of ["a", "a", "b"]) await badSecond(shared, id);
    const { changes } = await shared.circuit.settle(null, { ...failureOf("c"), ...SUCCESS });
    expect(changes).toMatchObject([{ by: { id: "b" } }]);
  });

  test("is null if no process reported a failure", async () => {
    const shared = counting();
    for (let second = 0; second < 3; second += 1) {
      await shared.circuit.settle(null, { failures: 1, failure: null });
      shared.time.move(1000);
    }
    const { changes } = await shared.circuit.admit();
    expect(changes).toMatchObject([{ reason: "tripped", by: null, failure: null }]);
  });
});

const SUCCESS = { failures: 0, successes: 1, failure: null };
