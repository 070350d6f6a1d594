import { describe, expect, test } from "vitest";
import { START_MS, virtualCircuit } from "../../../tests/fleet/virtual-circuit.js";
import { FAILURE, POLICY, REPORTER } from "../../testing/fleet/circuit.js";
import type { AdmitCommand, FleetCommand, SettleCommand } from "./command.js";
import { type Reduction, reduce } from "./reduce.js";
import { keepForMs, RETENTION_MS } from "./retention.js";
import type { FleetState } from "./state.js";

const MICROS = START_MS * 1000;

const ADMIT: AdmitCommand = { kind: "admit", policy: POLICY, count: 1, lease: "a", chance: 0 };
const SETTLE: SettleCommand = {
  kind: "settle",
  policy: POLICY,
  generation: null,
  successes: 0,
  failures: 1,
  leases: [],
  reporter: REPORTER,
  failure: FAILURE,
  openNow: true,
  retryAfterMs: 0,
  chance: 0,
};
const ISOLATE: FleetCommand = { kind: "isolate", reason: "stop", owner: "Ann", expiresInMs: 500.2 };

/** A command, and its time in milliseconds since the start. */
type Step = readonly [FleetCommand, number];

/** Applies commands one after the other, and returns the last result. */
function led(...steps: readonly Step[]): Reduction {
  let reduction: Reduction | undefined;
  for (const [command, ms] of steps) {
    reduction = reduce(reduction?.state, command, MICROS + ms * 1000);
  }
  if (reduction === undefined) throw new Error("no commands");
  return reduction;
}

function stateOf(...steps: readonly Step[]): FleetState {
  return led(...steps).state ?? expect.fail("no state");
}

describe("the state written", () => {
  test("is unchanged by a read, whatever time is over", () => {
    expect(reduce(undefined, { kind: "read" }, MICROS).state).toBeUndefined();
    for (const made of [stateOf([SETTLE, 0]), stateOf([ISOLATE, 0])]) {
      for (const micros of [MICROS, MICROS + 1e12, MICROS - 1e12]) {
        expect(reduce(made, { kind: "read" }, micros).state).toBe(made);
      }
    }
  });

  test("is unchanged by an admission that is rejected, or granted while closed", () => {
    const states = [stateOf([ADMIT, 0]), stateOf([SETTLE, 0]), stateOf([ISOLATE, 0])];
    const full = stateOf([SETTLE, 0], [ADMIT, 600_000]);
    for (const state of [...states, full]) {
      expect(reduce(state, ADMIT, state.nowMs * 1000 + 1000).state).toBe(state);
    }
  });

  test("is unchanged by a report without calls or leases", () => {
    const made = stateOf([ADMIT, 0]);
    const nothing = { ...SETTLE, failures: 0 };
    expect(reduce(made, nothing, MICROS + 5000)).toMatchObject({
      state: made,
      reply: { counted: 0, late: 0 },
    });
    const back = { ...nothing, leases: ["a.0"] };
    expect(reduce(made, back, MICROS).state).toBe(made);
    const probing = stateOf([SETTLE, 0], [ADMIT, 600_000]);
    expect(reduce(probing, nothing, MICROS + 600_001_000).state).toBe(probing);
  });
});

describe("an outcome", () => {
  test("counts in its generation alone", () => {
    const { generation } = stateOf([ADMIT, 0]);
    const settle = { ...SETTLE, openNow: false, successes: 2, failures: 3 };
    const counted = led([ADMIT, 0], [{ ...settle, generation }, 1]);
    expect(counted.reply).toMatchObject({ counted: 5, late: 0 });
    for (const other of [generation - 1, generation + 1, 0]) {
      const late = led([ADMIT, 0], [{ ...settle, generation: other }, 1]);
      expect(late.reply).toMatchObject({ counted: 0, late: 5, changes: [] });
      expect(late.state?.counts).toEqual({ successes: 0, failures: 0, late: 5 });
    }
  });

  test.each<[string, Step[]]>([
    ["open", [[SETTLE, 0]]],
    ["isolated", [[ISOLATE, 0]]],
  ])(
    "of the generation of a circuit that is %s is late, because no call was admitted",
    (_name, steps) => {
      const before = stateOf(...steps);
      const { generation, counts } = before;
      const settle = { ...SETTLE, generation, failures: 2, failure: null };
      const { reply, state } = led(...steps, [settle, 0]);
      expect(reply).toMatchObject({ counted: 0, late: 2, changes: [] });
      expect(state).toEqual({ ...before, counts: { ...counts, late: 2 } });
    },
  );

  test("without a permit is late during an isolation, and counts from its end on", () => {
    expect(led([ISOLATE, 0], [SETTLE, 500.999]).reply).toMatchObject({ counted: 0, late: 1 });
    const { reply } = led([ISOLATE, 0], [SETTLE, 501]);
    expect(reply).toMatchObject({ counted: 1, late: 0 });
    expect(reply.changes.map(({ reason }) => reason)).toEqual(["isolation-over", "opened-at-once"]);
  });

  test("that opens at once needs a failure in the report", () => {
    const { reply } = led([{ ...SETTLE, successes: 1, failures: 0 }, 0]);
    expect(reply).toMatchObject({ counted: 1, changes: [] });
    expect(led([{ ...SETTLE, successes: 9 }, 0]).reply.snapshot.state).toBe("open");
  });

  test("adds to earlier counts, and admits no call", () => {
    const settle = { ...SETTLE, openNow: false, successes: 2, failures: 3 };
    const { reply } = led([settle, 0], [settle, 1]);
    expect(reply).toMatchObject({ admitted: 0, counted: 5, late: 0 });
    expect(reply.snapshot.counts).toEqual({ successes: 4, failures: 6, late: 0 });
  });

  test("that opens names its reporter, even without a failure", () => {
    const { reply } = led([{ ...SETTLE, failure: null }, 0]);
    expect(reply.changes).toMatchObject([{ by: REPORTER, failure: null }]);
  });

  test("without a failure keeps the last one", () => {
    const quiet = { ...SETTLE, openNow: false };
    const { reply } = led([quiet, 0], [{ ...quiet, failure: null }, 1]);
    expect(reply.snapshot.failure).toEqual({ ...FAILURE, reporter: REPORTER });
  });
});

test("a circuit that is not known is closed, with nothing counted", () => {
  const counts = { successes: 0, failures: 0, late: 0 };
  const durations = { ageMs: 0, retryAfterMs: 0 };
  const numbers = { generation: 0, badSeconds: 0, reporters: 0, probes: 0, openings: 0 };
  expect(reduce(undefined, { kind: "read" }, MICROS).reply).toEqual({
    ...{ admitted: 0, refusal: null, counted: 0, late: 0, changes: [] },
    snapshot: { ...numbers, ...durations, state: "closed", isolation: null, failure: null, counts },
  });
});

test.each<[string, Step[]]>([
  ["open", [[SETTLE, 0]]],
  ["isolated", [[ISOLATE, 0]]],
  ["open", [[{ ...SETTLE, openNow: false, policy: { ...POLICY, badSeconds: 1 } }, 0]]],
])("a call is rejected while the circuit is %s", (refusal, steps) => {
  const asks = { ...ADMIT, policy: { ...POLICY, badSeconds: 1 } };
  const atMs = refusal === "isolated" ? 1 : 1000;
  expect(led(...steps, [asks, atMs]).reply).toMatchObject({ admitted: 0, refusal });
});

describe("an isolation", () => {
  test("ends to the millisecond, to be read and with the next command", () => {
    const [during, over] = [500.999, 501];
    expect(led([ISOLATE, 0], [{ kind: "read" }, during]).reply.snapshot.isolation).toEqual({
      reason: "stop",
      owner: "Ann",
      ageMs: 500,
      remainingMs: 1,
    });
    expect(led([ISOLATE, 0], [{ kind: "read" }, over]).reply.snapshot.isolation).toBeNull();
    expect(led([ISOLATE, 0], [ADMIT, during]).reply.refusal).toBe("isolated");
    const { reply, state } = led([SETTLE, 0], [ISOLATE, 0], [ADMIT, over]);
    expect(reply).toMatchObject({ admitted: 1, refusal: null, snapshot: { openings: 0 } });
    expect(reply.changes).toMatchObject([
      { reason: "isolation-over", from: "open", to: "closed", owner: "Ann", note: null, by: null },
    ]);
    expect(state?.isolation).toBeNull();
  });

  test("resets the growth of open times, as a release and a reset do", () => {
    const release: FleetCommand = { kind: "release", owner: "Ann", reason: null };
    const reset: FleetCommand = { kind: "reset", owner: "Ann", reason: null };
    for (const command of [ISOLATE, release, reset]) {
      const { reply } = led([SETTLE, 0], [command, 1]);
      expect(reply.snapshot).toMatchObject({ openings: 0, failure: null, badSeconds: 0 });
      expect(led([SETTLE, 0], [command, 1], [SETTLE, 1000]).state?.openings).toBe(1);
    }
  });

  test("outlasts a reset, and changes show it as open", () => {
    const reset: FleetCommand = { kind: "reset", owner: "Ben", reason: "again" };
    const { reply } = led([ISOLATE, 0], [reset, 1]);
    expect(reply.changes).toMatchObject([
      { reason: "reset", from: "open", to: "open", owner: "Ben", note: "again", forMs: null },
    ]);
    expect(reply.snapshot.isolation?.remainingMs).toBe(500);
  });
});

test("a circuit is kept for a week, beyond its open time and its isolation", () => {
  expect(RETENTION_MS).toBe(604_800_000);
  expect(keepForMs(stateOf([ADMIT, 0]))).toBe(RETENTION_MS);
  expect(keepForMs(stateOf([SETTLE, 0]))).toBe(RETENTION_MS + 600_000);
  expect(keepForMs(stateOf([ISOLATE, 0]))).toBe(RETENTION_MS + 501);
  const late = { ...SETTLE, generation: 1 };
  expect(keepForMs(stateOf([SETTLE, 0], [late, 200_000]))).toBe(RETENTION_MS + 400_000);
});

test("a snapshot contains ages since the last change", async () => {
  const { circuit, time } = virtualCircuit();
  await circuit.admit();
  time.move(1234.5);
  expect((await circuit.read()).ageMs).toBe(1234);
  expect((await circuit.limit()).snapshot).toMatchObject({ ageMs: 0, openings: 1, reporters: 0 });
  time.move(10);
  expect(await circuit.read()).toMatchObject({ ageMs: 10, retryAfterMs: 599_990, badSeconds: 0 });
});
