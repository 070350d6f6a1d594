/** Simulates hours of a fleet of runners in virtual time, with the real breakers and rules. */

import type { CallPermit } from "../../../src/breaker/calls/permit.js";
import type { ReporterOptions } from "../../../src/fleet/client/reporter.js";
import { memoryStore } from "../../../src/fleet/memory/memory-store.js";
import type { NamedBreakerOptions } from "../../../src/registry/registry.js";
import { VirtualClock } from "../../../src/testing/virtual-clock.js";
import { type Process, type Protection, startProcess } from "./protection.js";
import { type Result, Tally } from "./tally.js";
import { type Job, type Moment, momentsOf, type Pull, type Traffic } from "./traffic.js";
import type { Answer, Trouble } from "./upstream.js";

/** The traffic of a fleet, and the trouble that it meets. */
export interface Scenario {
  readonly name: string;
  readonly traffic: Traffic;
  readonly trouble?: Trouble;
  /** The delay that the registry asks for with status 429. */
  readonly retryAfterMs?: number;
  /** Breaker options that differ from those of a guard. */
  readonly breaker?: NamedBreakerOptions;
  /** Whether each process or each machine counts as one reporter of failures. Default: each process. */
  readonly countedBy?: ReporterOptions["countedBy"];
}

/** The start of the simulation. It is far from zero, as in every real store. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Runs a scenario with each protection. Each run has the same pulls. */
export async function simulate(
  scenario: Scenario,
  protections: readonly Protection[],
): Promise<readonly Result[]> {
  const moments = momentsOf(scenario.traffic, scenario.trouble);
  const results: Result[] = [];
  for (const protection of protections) results.push(await run(scenario, protection, moments));
  return results;
}

async function run(
  scenario: Scenario,
  protection: Protection,
  moments: readonly Moment[],
): Promise<Result> {
  const clock = new VirtualClock();
  const nowMicros = () => Math.round((EPOCH_MS + clock.now()) * 1000);
  const tally = new Tally(scenario.trouble);
  const around = {
    clock,
    store: tally.watch(memoryStore({ nowMicros })),
    breaker: scenario.breaker ?? {},
    countedBy: scenario.countedBy,
    onLocalTrip: () => tally.localTrip(),
  };
  const processes = new Map<Job, Process>();
  const momentsLeft = momentsOfJobs(moments);
  const permits = new Map<Pull, CallPermit>();
  for (const { atMs, pull, ends } of moments) {
    clock.advance(atMs - clock.now());
    const { job } = pull;
    let process = processes.get(job);
    if (process === undefined) {
      process = startProcess(protection, job.runner, around);
      processes.set(job, process);
    }
    if (!ends) {
      const permit = await process.admit();
      tally.asked(pull, permit !== undefined);
      if (permit !== undefined) permits.set(pull, permit);
    } else {
      const permit = permits.get(pull);
      permits.delete(pull);
      if (permit !== undefined) {
        settle(permit, pull, scenario.retryAfterMs);
        await process.told();
      }
    }
    const left = (momentsLeft.get(job) ?? 0) - 1;
    momentsLeft.set(job, left);
    if (left === 0) processes.delete(job);
  }
  return tally.result(protection);
}

function momentsOfJobs(moments: readonly Moment[]): Map<Job, number> {
  const counts = new Map<Job, number>();
  for (const { pull } of moments) counts.set(pull.job, (counts.get(pull.job) ?? 0) + 1);
  return counts;
}

function settle(permit: CallPermit, { answer }: Pull, retryAfterMs: number | undefined): void {
  if (answer === "served") permit.success();
  else if (answer !== "limited") permit.failure(failureOf(answer));
  else permit.failure(failureOf(answer), { openNow: true, retryAfterMs });
}

/** Returns the failure that a guard would derive from an answer. */
function failureOf(answer: Answer) {
  return { fault: "registry", rule: `registry.${answer}`, limited: answer === "limited" };
}
