/** Runs the rules on one circuit without a store, and reads the report of its counts. */

import { expect } from "vitest";
import type { FleetCommand, TellCommand } from "../../src/fleet/rules/command.js";
import { type CircuitRecord, NO_RECORD } from "../../src/fleet/rules/record.js";
import { reduce } from "../../src/fleet/rules/reduce.js";
import type { CircuitReport } from "../../src/fleet/rules/report.js";
import type { FleetState } from "../../src/fleet/rules/state.js";
import { FAILURE, POLICY, REPORTER } from "../../src/testing/fleet/circuit.js";
import { admit, settle } from "./commands.js";
import { START_MS } from "./virtual-circuit.js";

/** A command that reports one failure. One failure does not open the circuit. */
export const SETTLE = settle({
  policy: POLICY,
  successes: 0,
  failures: 1,
  reporter: REPORTER,
  failure: FAILURE,
});
export const ADMIT = admit({ policy: POLICY, lease: "a" });
export const TELL: TellCommand = { kind: "tell", rejections: 0, runs: [], failedRunsMs: [] };

/** A circuit: a state, and the time of the store's clock. */
export class CountedCircuit {
  state: FleetState | undefined;
  nowMs = START_MS;

  run(command: FleetCommand, afterMs = 0) {
    this.nowMs += afterMs;
    const { state, reply } = reduce(this.state, command, this.nowMs * 1000);
    this.state = state;
    return reply;
  }

  /** Replaces parts of the stored record, as another program or a disk fault might. */
  replace(parts: Partial<CircuitRecord>): void {
    if (this.state === undefined) throw new Error("no state");
    this.state = { ...this.state, record: { ...(this.state.record ?? NO_RECORD), ...parts } };
  }

  report(afterMs = 0): CircuitReport {
    return this.run({ kind: "read", report: true }, afterMs).report ?? expect.fail("no report");
  }
}
