import { describe, expect, test } from "vitest";
import { ADMIT, CountedCircuit, SETTLE, TELL } from "../../../tests/fleet/counted-circuit.js";
import { FAILURE, POLICY, RATE_LIMIT, REPORTER } from "../../testing/fleet/circuit.js";
import {
  KEPT_SECONDS,
  MAX_FAILED_RUNS,
  MAX_HOLDERS,
  MAX_NAMES,
  MAX_PART_LENGTH,
} from "./record.js";
import type { RunRecord } from "./run-report.js";

const RUN: RunRecord = { result: "success", fault: null, durationMs: 0, waitedMs: 0, avoidedMs: 0 };

describe("failures", () => {
  test("are counted by fault and rate limit", () => {
    const circuit = new CountedCircuit();
    circuit.run(SETTLE);
    circuit.run({ ...SETTLE, failure: RATE_LIMIT, failures: 2 });
    circuit.run({ ...SETTLE, failure: { ...FAILURE, fault: null } });
    expect(circuit.report().failures).toEqual([
      { fault: "registry", limited: false, count: 1 },
      { fault: null, limited: false, count: 1 },
      { fault: "registry", limited: true, count: 2 },
    ]);
  });

  test("of one command are counted each by its own fault", () => {
    const circuit = new CountedCircuit();
    const faults = [
      { fault: "git", limited: false, count: 2 },
      { fault: "registry", limited: true, count: 1 },
    ];
    circuit.run({ ...SETTLE, failures: 3, faults });
    expect(circuit.report().failures).toEqual(faults);
    circuit.run({ ...SETTLE, faults: [] });
    expect(circuit.report().failures).toContainEqual({
      fault: "registry",
      limited: false,
      count: 1,
    });
  });

  test("without a known failure count for no fault", () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, failure: null });
    expect(circuit.report().failures).toEqual([{ fault: null, limited: false, count: 1 }]);
  });

  test("of more faults than have a name share _OTHER, and none is lost", () => {
    const circuit = new CountedCircuit();
    for (let index = 0; index < MAX_NAMES + 3; index += 1) {
      circuit.run({ ...SETTLE, failure: { ...FAILURE, fault: `fault-${index}` } });
    }
    const { failures } = circuit.report();
    expect(failures).toHaveLength(MAX_NAMES + 1);
    expect(failures.at(-1)).toEqual({ fault: "_OTHER", limited: false, count: 3 });
  });

  test.each([
    ["with signs of the format", "a=b c.d%"],
    ["with half a character", "\ud800"],
    ["that is empty", ""],
  ])("of a fault %s keep its name, as far as text can", (_, fault) => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, failure: { ...FAILURE, fault } });
    const read = fault === "" ? null : fault.replace("\ud800", "\ufffd");
    expect(circuit.report().failures).toEqual([{ fault: read, limited: false, count: 1 }]);
  });

  test("of a fault with a long name share _OTHER", () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, failure: { ...FAILURE, fault: "x".repeat(1000) } });
    expect(circuit.report().failures).toEqual([{ fault: "_OTHER", limited: false, count: 1 }]);
  });
});

describe("what processes tell", () => {
  test("is added up, and changes nothing else", () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...TELL, rejections: 2 });
    circuit.run({ ...TELL, rejections: 3 });
    circuit.run(TELL);
    const { rejections, failures, transitions, openMs } = circuit.report();
    expect({ rejections, failures, transitions, openMs }).toEqual({
      rejections: 5,
      failures: [],
      transitions: {},
      openMs: 0,
    });
  });

  test("of runs is counted by result, duration and fault", () => {
    const circuit = new CountedCircuit();
    const runs: RunRecord[] = [
      { ...RUN, durationMs: 900 },
      { ...RUN, durationMs: 4_000_000 },
      { ...RUN, result: "failure", fault: "user", durationMs: 61_000 },
      { ...RUN, result: "error", fault: "registry", durationMs: 5000, waitedMs: 40 },
      { ...RUN, result: "error", fault: null, durationMs: 1 },
      { ...RUN, result: "skip", avoidedMs: 7000 },
    ];
    circuit.run({ ...TELL, runs, failedRunsMs: [5000.4] });
    const told = circuit.report().runs;
    expect(told).toMatchObject({ waitedMs: 40, avoidedMs: 7000, failedMs: [5000] });
    expect(told.faults).toEqual([
      { fault: "registry", count: 1 },
      { fault: null, count: 1 },
    ]);
    expect(told.results.map(({ result, count }) => [result, count])).toEqual([
      ["success", 2],
      ["failure", 1],
      ["error", 2],
      ["timeout", 0],
      ["skip", 1],
      ["cancellation", 0],
    ]);
    expect(told.results[0]).toEqual({
      result: "success",
      count: 2,
      durationMs: 4_000_900,
      buckets: [1, 0, 0, 0, 0, 0, 0, 1],
    });
  });

  test("of failed runs is kept for the last 50", () => {
    const circuit = new CountedCircuit();
    for (let ms = 1; ms <= MAX_FAILED_RUNS + 2; ms += 1) {
      circuit.run({ ...TELL, failedRunsMs: [ms] });
    }
    const { failedMs } = circuit.report().runs;
    expect(failedMs).toHaveLength(MAX_FAILED_RUNS);
    expect(failedMs[0]).toBe(3);
  });
});

describe("changes and open time", () => {
  test("are counted by reason, with the time open up to now", () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, openNow: true });
    expect(circuit.report(1000).openMs).toBe(1000);
    circuit.run({ kind: "reset", reason: null, owner: "Ann" }, 500);
    const { transitions, openMs } = circuit.report(10_000);
    expect(transitions).toEqual({ "opened-at-once": 1, reset: 1 });
    expect(openMs).toBe(1500);
  });
});

describe("the seconds with outcomes", () => {
  test("are kept for two minutes, each with its own counts", () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, successes: 3, failures: 0, failure: null });
    circuit.run(SETTLE, 1000);
    circuit.run({ ...SETTLE, successes: 1, failures: 0, failure: null }, 2000);
    expect(circuit.report(1000).seconds).toEqual([
      { secondsAgo: 4, successes: 3, failures: 0 },
      { secondsAgo: 3, successes: 0, failures: 1 },
      { secondsAgo: 1, successes: 1, failures: 0 },
    ]);
    const success = { ...SETTLE, successes: 1, failures: 0, failure: null };
    for (let second = 0; second < KEPT_SECONDS + 20; second += 1) circuit.run(success, 1000);
    const { seconds } = circuit.report();
    expect(seconds).toHaveLength(KEPT_SECONDS);
    expect(seconds.every(({ successes }) => successes === 1)).toBe(true);
  });

  test("begin anew where the text is not one of ours", () => {
    const circuit = new CountedCircuit();
    circuit.run(SETTLE);
    circuit.replace({ seconds: "9".repeat(MAX_PART_LENGTH + 1) });
    circuit.run(SETTLE, 1000);
    circuit.run(SETTLE, 1000);
    expect(circuit.report().seconds.length).toBeLessThanOrEqual(2);
    circuit.replace({ seconds: `${Math.floor(circuit.nowMs / 1000)} x:9:9` });
    expect(circuit.report().seconds).toEqual([]);
  });
});

describe("the holders of probes", () => {
  const policy = { ...POLICY, halfOpenMaxCalls: 40, halfOpenProbeTimeoutMs: 5000 };
  const opened = () => {
    const circuit = new CountedCircuit();
    circuit.run({ ...SETTLE, openNow: true });
    circuit.nowMs += POLICY.resetTimeoutMs;
    return circuit;
  };

  test("are named by host and run, until their time is over", () => {
    const circuit = opened();
    circuit.run({ ...ADMIT, policy, reporter: { ...REPORTER, run: "42" } });
    circuit.run({ ...ADMIT, policy, lease: "b" }, 1000);
    expect(circuit.report().probes).toEqual([
      { host: "runner-1", run: "42", remainingMs: 4000 },
      { host: null, run: null, remainingMs: 5000 },
    ]);
    circuit.run({ ...ADMIT, policy, lease: "c", reporter: REPORTER }, 4500);
    expect(circuit.report().probes).toMatchObject([
      { host: null },
      { host: "runner-1", run: null },
    ]);
    expect(circuit.state?.record?.holders.split("\n")).toHaveLength(1);
  });

  test("are the last 16 at most", () => {
    const circuit = opened();
    for (let index = 0; index < MAX_HOLDERS + 2; index += 1) {
      circuit.run({ ...ADMIT, policy, lease: `l${index}`, reporter: REPORTER });
    }
    expect(circuit.state?.record?.holders.split("\n")).toHaveLength(MAX_HOLDERS);
    expect(circuit.report().probes).toHaveLength(16);
  });

  test("are unknown where their text cannot be read", () => {
    const circuit = opened();
    circuit.run({ ...ADMIT, policy, reporter: REPORTER });
    circuit.run({ ...ADMIT, policy, lease: "b", reporter: REPORTER });
    const endMs = circuit.nowMs + 5000;
    circuit.replace({ holders: `a ${endMs} {"host":1,"run":2}\nb ${endMs} {\nnothing` });
    expect(circuit.report().probes.map(({ host, run }) => [host, run])).toEqual([
      [null, null],
      [null, null],
    ]);
  });
});
