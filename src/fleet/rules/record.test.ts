import { describe, expect, test } from "vitest";
import { ADMIT, CountedCircuit, SETTLE, TELL } from "../../../tests/fleet/counted-circuit.js";
import { POLICY, REPORTER } from "../../testing/fleet/circuit.js";
import { type CircuitRecord, MAX_PART_LENGTH, movedRecord, NO_RECORD } from "./record.js";

describe("a record that something else wrote", () => {
  test("is read as far as it is valid", () => {
    const circuit = new CountedCircuit();
    circuit.run(SETTLE);
    circuit.replace({
      totals: "rejected=3 rejected=4 nonsense failure.%zz=2 =1",
      policy: "1 2 3",
      failedRunsMs: "12 x 13",
    });
    const { rejections, failures, policy, runs } = circuit.report();
    expect(rejections).toBe(7);
    expect(failures).toEqual([{ fault: "_OTHER", limited: false, count: 2 }]);
    expect(policy).toBeNull();
    expect(runs.failedMs).toEqual([12, 13]);
  });

  test("counts from nothing where a part is too long", () => {
    const circuit = new CountedCircuit();
    circuit.run(SETTLE);
    circuit.replace({ totals: `a=${"1".repeat(MAX_PART_LENGTH)}` });
    circuit.run(SETTLE);
    expect(circuit.report().failures).toEqual([{ fault: "registry", limited: false, count: 1 }]);
  });

  test("of the version before is empty, and begins with the next outcome", () => {
    const circuit = new CountedCircuit();
    circuit.run(SETTLE);
    const { record: _record, ...before } = circuit.state ?? expect.fail("no state");
    circuit.state = before;
    expect(circuit.report()).toMatchObject({ failures: [], policy: null });
    circuit.run({ ...TELL, failedRunsMs: [5] });
    circuit.state = before;
    circuit.run({ ...SETTLE, openNow: true }, 1500);
    expect(circuit.report()).toMatchObject({
      policy: POLICY,
      transitions: { "opened-at-once": 1 },
    });
    const { record: _opened, ...open } = circuit.state ?? expect.fail("no state");
    circuit.state = open;
    circuit.nowMs += POLICY.resetTimeoutMs;
    circuit.run({ ...ADMIT, reporter: REPORTER });
    expect(circuit.report().probes).toMatchObject([{ host: "runner-1" }]);
  });

  test("of a circuit that the store does not know yields no report", () => {
    expect(new CountedCircuit().run({ kind: "read", report: true })).not.toHaveProperty("report");
  });
});

test("a record that is moved in time keeps what it counts", () => {
  const record: CircuitRecord = {
    totals: "rejected=1",
    seconds: "100:1:0 101:2:0",
    holders: 'a 105000 {"host":"h","run":null}',
    policy: "",
    failedRunsMs: "7",
  };
  expect(movedRecord(record, 3000)).toEqual({
    ...record,
    seconds: "103:1:0 104:2:0",
    holders: 'a 108000 {"host":"h","run":null}',
  });
  expect(movedRecord(NO_RECORD, 3000)).toEqual(NO_RECORD);
});
