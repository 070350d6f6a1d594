/** Generates the jobs and pulls of a fleet of CI runners. Every protection gets the same pulls. */

import { seededRandom } from "../../../src/testing/session/faults/faults.js";
import { type Answer, answerOf, durationMs, type Trouble } from "./upstream.js";

/** How many runners there are, and what they do. */
export interface Traffic {
  readonly runners: number;
  /** Average number of jobs that a runner begins per hour. A runner runs one job at a time. */
  readonly jobsPerHour: number;
  /** Number of runners with a broken network. They are the first runners. */
  readonly brokenRunners: number;
  /**
   * Whether a broken runner attracts jobs: it fails each job at once and takes the next, including jobs
   * that other runners would have taken.
   */
  readonly drawsJobs: boolean;
  readonly lengthMs: number;
  readonly seed: number;
}

/** One job, in a process that knows nothing from earlier processes. */
export interface Job {
  readonly runner: number;
  /** When the job is canceled; Infinity for most jobs. Pulls in flight at that time are never settled. */
  readonly cancelledMs: number;
}

/** One pull that a job wants to make. */
export interface Pull {
  readonly job: Job;
  readonly atMs: number;
  readonly endMs: number;
  readonly answer: Answer;
}

/** The start or the end of a pull. */
export interface Moment {
  readonly atMs: number;
  readonly pull: Pull;
  readonly ends: boolean;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const HOUR_MS = 3_600_000;
const LIFE_MS: Range = { from: 90_000, to: 150_000 };
const MEAN_LIFE_MS = (LIFE_MS.from + LIFE_MS.to) / 2;
const PULLS: Range = { from: 2, to: 8 };
const SERVED_MS: Range = { from: 200, to: 1_500 };
const CANCELLED_SHARE = 0.02;
/** How long a broken runner takes for a job that it attracts. The job's only pull comes at once and fails. */
const DRAWN_JOB_MS = 5_000;

/** Returns the starts and ends of all pulls, in order. */
export function momentsOf(traffic: Traffic, trouble: Trouble | undefined): readonly Moment[] {
  const moments: Moment[] = [];
  const add = (pull: Pull) => {
    moments.push({ atMs: pull.atMs, pull, ends: false });
    if (pull.endMs < pull.job.cancelledMs) moments.push({ atMs: pull.endMs, pull, ends: true });
  };
  const dice = new Dice(traffic.seed);
  for (let runner = 0; runner < traffic.runners; runner += 1) {
    const broken = runner < traffic.brokenRunners;
    if (broken && traffic.drawsJobs) addDrawnPulls(traffic, runner, dice, add);
    else addPulls(traffic, broken ? "broken" : trouble, runner, dice, add);
  }
  return moments.sort((left, right) => left.atMs - right.atMs);
}

function addPulls(
  { jobsPerHour, lengthMs }: Traffic,
  trouble: Trouble | "broken" | undefined,
  runner: number,
  dice: Dice,
  add: (pull: Pull) => void,
): void {
  const meanGapMs = HOUR_MS / jobsPerHour - MEAN_LIFE_MS;
  if (!(meanGapMs > 0)) throw new RangeError(`jobsPerHour is ${jobsPerHour}, expected below 30`);
  // At the start of the simulation, some runners are in the middle of a job. The pulls of that job are left
  // out.
  const busy = dice.roll() < (MEAN_LIFE_MS * jobsPerHour) / HOUR_MS;
  let atMs = (busy ? dice.roll() * MEAN_LIFE_MS : 0) + dice.gap(meanGapMs);
  while (atMs < lengthMs) {
    const lifeMs = dice.between(LIFE_MS);
    const isCancelled = dice.roll() < CANCELLED_SHARE;
    const cancelledMs = isCancelled ? atMs + dice.roll() * lifeMs : Number.POSITIVE_INFINITY;
    const job: Job = { runner, cancelledMs };
    const count = Math.floor(dice.between({ from: PULLS.from, to: PULLS.to + 1 }));
    for (let index = 0; index < count; index += 1) {
      const pullMs = Math.round(atMs + dice.roll() * lifeMs);
      const luck = dice.roll();
      const answer = trouble === "broken" ? "unreachable" : answerOf(trouble, pullMs, luck);
      const endMs = pullMs + Math.round(durationMs(answer, dice.between(SERVED_MS)));
      if (pullMs < Math.min(cancelledMs, lengthMs)) add({ job, atMs: pullMs, endMs, answer });
    }
    atMs += lifeMs + dice.gap(meanGapMs);
  }
}

function addDrawnPulls(
  { lengthMs }: Traffic,
  runner: number,
  dice: Dice,
  add: (pull: Pull) => void,
): void {
  const answer = "unreachable";
  for (let startMs = 0; startMs < lengthMs; startMs += DRAWN_JOB_MS) {
    const job: Job = { runner, cancelledMs: Number.POSITIVE_INFINITY };
    const atMs = Math.round(startMs + dice.roll() * (DRAWN_JOB_MS / 2));
    add({ job, atMs, endMs: atMs + durationMs(answer, 0), answer });
  }
}

/** Random numbers that depend only on a seed. */
class Dice {
  readonly roll: () => number;

  constructor(seed: number) {
    this.roll = seededRandom(seed);
  }

  between({ from, to }: Range): number {
    return from + this.roll() * (to - from);
  }

  /** Returns the time until the next random event. */
  gap(meanMs: number): number {
    return -Math.log(1 - this.roll()) * meanMs;
  }
}
