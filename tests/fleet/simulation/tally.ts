/** Counts the results of a fleet's pulls. */

import type { FleetChange } from "../../../src/fleet/rules/reply.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import type { Protection } from "./protection.js";
import type { Job, Pull } from "./traffic.js";
import { REQUESTS, type Trouble } from "./upstream.js";

/** The results of one simulated fleet. */
export interface Result {
  readonly protection: Protection;
  /** Number of pulls that jobs wanted to make. */
  readonly pulls: number;
  /** Number of pulls that were made and failed. */
  readonly failedPulls: number;
  /** Number of failed requests to the upstream during the trouble. */
  readonly vainRequests: number;
  /** Number of failed requests in the first minute of the trouble. */
  readonly vainRequestsOfFirstMinute: number;
  /** Number of failed requests per minute after the first minute. */
  readonly vainRequestsPerMinuteThen: number;
  /** Number of all requests to the upstream in each minute. */
  readonly requestsByMinute: readonly number[];
  /** Number of pulls that were rejected but would have succeeded, and number of jobs with such a pull. */
  readonly wronglyRefusedPulls: number;
  readonly wronglyRefusedJobs: number;
  /**
   * Seconds after the trouble until half of the pulls in a second are admitted. `allBackS` is the time
   * until all are.
   */
  readonly halfBackS: number;
  readonly allBackS: number;
  /** How many times the shared circuit opened, and how many of its probes failed. */
  readonly trips: number;
  readonly reopenings: number;
  /** How many times the circuits of single processes opened. */
  readonly localTrips: number;
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1000;

/** The pulls in one second after the trouble. */
interface Second {
  asked: number;
  passed: number;
}

/** Collects the results of one simulation. */
export class Tally {
  readonly #trouble: Trouble | undefined;
  readonly #requestsByMinute: number[] = [];
  readonly #wronged = new Set<Job>();
  readonly #secondsAfter = new Map<number, Second>();
  #pulls = 0;
  #failedPulls = 0;
  #vain = 0;
  #vainOfFirstMinute = 0;
  #wronglyRefused = 0;
  #lastWronglyRefusedMs = Number.NEGATIVE_INFINITY;
  #trips = 0;
  #reopenings = 0;
  #localTrips = 0;

  constructor(trouble: Trouble | undefined) {
    this.#trouble = trouble;
  }

  /** Wraps a store, and counts the changes of its circuits. */
  watch(store: FleetStore): FleetStore {
    return {
      kind: store.kind,
      minimumReporters: store.minimumReporters,
      pushes: store.pushes,
      open: () => store.open(),
      run: async (key, command) => {
        const reply = await store.run(key, command);
        for (const change of reply.changes) this.#changed(change);
        return reply;
      },
      list: (scope) => store.list(scope),
      history: (key) => store.history(key),
      subscribe: (scope, listener) => store.subscribe(scope, listener),
      close: () => store.close(),
    };
  }

  localTrip(): void {
    this.#localTrips += 1;
  }

  /** Counts a pull that was admitted or rejected. */
  asked(pull: Pull, passed: boolean): void {
    this.#pulls += 1;
    if (passed) this.#arrived(pull);
    else if (pull.answer === "served") {
      this.#wronglyRefused += 1;
      this.#wronged.add(pull.job);
      this.#lastWronglyRefusedMs = pull.atMs;
    }
    const sinceEndMs = pull.atMs - this.#endMs;
    if (sinceEndMs < 0 || pull.answer !== "served") return;
    const index = Math.floor(sinceEndMs / SECOND_MS);
    const second = this.#secondsAfter.get(index) ?? { asked: 0, passed: 0 };
    this.#secondsAfter.set(index, second);
    second.asked += 1;
    if (passed) second.passed += 1;
  }

  result(protection: Protection): Result {
    const { fromMs = 0, untilMs = 0 } = this.#trouble ?? {};
    const minutesThen = Math.max(1, (untilMs - fromMs) / MINUTE_MS - 1);
    return {
      protection,
      pulls: this.#pulls,
      failedPulls: this.#failedPulls,
      vainRequests: this.#vain,
      vainRequestsOfFirstMinute: this.#vainOfFirstMinute,
      vainRequestsPerMinuteThen: (this.#vain - this.#vainOfFirstMinute) / minutesThen,
      requestsByMinute: Array.from(this.#requestsByMinute, (count = 0) => count),
      wronglyRefusedPulls: this.#wronglyRefused,
      wronglyRefusedJobs: this.#wronged.size,
      halfBackS: this.#halfBackS(),
      allBackS: Math.max(0, Math.ceil((this.#lastWronglyRefusedMs - this.#endMs) / SECOND_MS)),
      trips: this.#trips,
      reopenings: this.#reopenings,
      localTrips: this.#localTrips,
    };
  }

  get #endMs(): number {
    return this.#trouble?.untilMs ?? Number.POSITIVE_INFINITY;
  }

  #arrived({ answer, atMs }: Pull): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    const requests = REQUESTS[answer];
    this.#requestsByMinute[minute] = (this.#requestsByMinute[minute] ?? 0) + requests;
    if (answer === "served") return;
    this.#failedPulls += 1;
    this.#vain += requests;
    if (atMs < (this.#trouble?.fromMs ?? 0) + MINUTE_MS) this.#vainOfFirstMinute += requests;
  }

  #changed({ from, to, reason }: FleetChange): void {
    if (from === "closed" && to === "open") this.#trips += 1;
    if (reason === "probe-failed") this.#reopenings += 1;
  }

  /** Returns the first second in which at least half of the pulls were admitted. */
  #halfBackS(): number {
    const seconds = [...this.#secondsAfter].sort(([left], [right]) => left - right);
    const found = seconds.find(([, { asked, passed }]) => passed * 2 >= asked);
    return found === undefined ? Number.POSITIVE_INFINITY : found[0];
  }
}
