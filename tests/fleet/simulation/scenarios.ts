/** Defines the simulated fleets and outages, and runs them. */

import type { Protection } from "./protection.js";
import { type Scenario, simulate } from "./simulate.js";
import type { Result } from "./tally.js";
import type { Traffic } from "./traffic.js";
import type { Trouble } from "./upstream.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The time at which an outage starts. */
const OUTAGE_FROM_MS = 5 * MINUTE_MS;

/** Ten thousand runners with one job per hour each, which make about fourteen pulls per second. */
const FLEET: Traffic = {
  runners: 10_000,
  jobsPerHour: 1,
  brokenRunners: 0,
  drawsJobs: false,
  lengthMs: HOUR_MS,
  seed: 1,
};
/** The same runners with little work for a whole day: together they make one pull every four seconds. */
const SPARSE = { ...FLEET, jobsPerHour: 0.02, lengthMs: 24 * HOUR_MS };
/** The same runners for half an hour. */
const HALF_HOUR = { ...FLEET, lengthMs: 30 * MINUTE_MS };
const ALL: readonly Protection[] = ["none", "local", "shared"];
const GUARDED: readonly Protection[] = ["local", "shared"];

/** A scenario, with a result for each protection. */
export interface Finding {
  readonly name: string;
  readonly results: readonly Result[];
}

/** The results of all simulations. */
export interface Findings {
  /** Outages of half an hour, one for each kind of failure. */
  readonly outages: readonly Finding[];
  /** Disturbances that must not open a shared circuit. */
  readonly harmless: readonly Finding[];
  /** A broken runner that attracts jobs, with different numbers of pulls by all other runners. */
  readonly drawing: readonly {
    readonly pullsPerMinute: number;
    readonly byProcess: Result;
    readonly byMachine: Result;
  }[];
  /** Outages of other lengths, with and without a growing reset timeout. */
  readonly lengths: readonly {
    readonly minutes: number;
    readonly growing: Result;
    readonly steady: Result;
  }[];
}

/** Runs all simulations, one after another. */
export async function simulateAll(): Promise<Findings> {
  return {
    outages: await findAll(OUTAGES, ALL),
    harmless: await findAll(HARMLESS, GUARDED),
    drawing: await findDrawing([60, 12, 2]),
    lengths: await findLengths([5, 10, 15, 20, 30, 45]),
  };
}

const OUTAGES: readonly Scenario[] = [
  { name: "connections are refused", ...outage(30, "refused") },
  { name: "it answers 503", ...outage(30, "unavailable") },
  {
    name: "it answers 429, `Retry-After: 120`",
    ...outage(30, "limited"),
    retryAfterMs: 2 * MINUTE_MS,
  },
];

const HARMLESS: readonly Scenario[] = [
  {
    name: "all pulls fail for two seconds",
    traffic: { ...FLEET, lengthMs: 15 * MINUTE_MS },
    trouble: trouble(OUTAGE_FROM_MS, OUTAGE_FROM_MS + 2_000, 1, "refused"),
  },
  {
    name: "1 % of the pulls fail for half an hour",
    traffic: HALF_HOUR,
    trouble: trouble(0, HALF_HOUR.lengthMs, 0.01, "unavailable"),
  },
  {
    name: "1 % of the pulls fail for a day, sparse",
    traffic: SPARSE,
    trouble: trouble(0, SPARSE.lengthMs, 0.01, "unavailable"),
  },
  {
    name: "100 runners have no network for half an hour",
    traffic: { ...HALF_HOUR, brokenRunners: 100 },
  },
  {
    name: "100 runners have no network for a day, sparse",
    traffic: { ...SPARSE, brokenRunners: 100 },
  },
];

/** @param afterMinutes How long the simulation continues after the outage. */
function outage(minutes: number, answer: Trouble["answer"], afterMinutes = 5) {
  const untilMs = OUTAGE_FROM_MS + minutes * MINUTE_MS;
  return {
    traffic: { ...FLEET, lengthMs: untilMs + afterMinutes * MINUTE_MS },
    trouble: trouble(OUTAGE_FROM_MS, untilMs, 1, answer),
  };
}

function trouble(
  fromMs: number,
  untilMs: number,
  failingShare: number,
  answer: Trouble["answer"],
): Trouble {
  return { fromMs, untilMs, failingShare, answer };
}

async function findAll(
  scenarios: readonly Scenario[],
  protections: readonly Protection[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const scenario of scenarios) {
    findings.push({ name: scenario.name, results: await simulate(scenario, protections) });
  }
  return findings;
}

/**
 * Simulates 101 machines, one of which is broken. The broken machine begins a job every few seconds, each
 * in a new process.
 */
async function findDrawing(rates: readonly number[]): Promise<Findings["drawing"]> {
  const found: Findings["drawing"][number][] = [];
  for (const pullsPerMinute of rates) {
    const traffic: Traffic = {
      ...FLEET,
      runners: 101,
      brokenRunners: 1,
      drawsJobs: true,
      // A job makes five pulls on average, and a hundred runners work.
      jobsPerHour: (pullsPerMinute * 60) / 5 / 100,
      lengthMs: 6 * HOUR_MS,
    };
    const byProcess = await shared({ name: "", traffic });
    const byMachine = await shared({ name: "", traffic, countedBy: "machine" });
    found.push({ pullsPerMinute, byProcess, byMachine });
  }
  return found;
}

async function findLengths(lengths: readonly number[]): Promise<Findings["lengths"]> {
  const found: Findings["lengths"][number][] = [];
  for (const minutes of lengths) {
    // The simulation continues long enough to see the last reset timeout end. A grown one is at most as
    // long as the outage.
    const { traffic, trouble } = outage(minutes, "refused", minutes + 5);
    const scenario = { name: "", traffic: { ...traffic, runners: 1_000 }, trouble };
    const growing = await shared({ ...scenario, breaker: { openTimeGrowthFactor: 2 } });
    const steady = await shared(scenario);
    found.push({ minutes, growing, steady });
  }
  return found;
}

async function shared(scenario: Scenario): Promise<Result> {
  const [result] = await simulate(scenario, ["shared"]);
  if (result === undefined) throw new Error("a simulation of one protection has no result");
  return result;
}
