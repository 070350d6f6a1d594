// Makes calls without end. Measures how long each call waits for its admission or rejection, and records
// its error.

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";

const LANES = 3;
const PAUSE_MS = 10;
/** One of this many calls fails on purpose. */
const FAILS_EVERY = 10;

export class Load {
  #shared;
  #deadlineMs;
  #isRejection;
  #lanes;
  #stopped = false;
  #counts = { calls: 0, successes: 0, failures: 0, rejections: 0, overdue: 0 };
  #longestMs = 0;
  #foreign = [];

  constructor(shared, deadlineMs, isRejection) {
    this.#shared = shared;
    this.#deadlineMs = deadlineMs;
    this.#isRejection = isRejection;
    this.#lanes = Promise.all(Array.from({ length: LANES }, () => this.#run()));
  }

  async stop() {
    this.#stopped = true;
    await this.#lanes;
    return { ...this.#counts, longestMs: this.#longestMs, foreign: this.#foreign };
  }

  async #run() {
    while (!this.#stopped) {
      await this.#call();
      await sleep(PAUSE_MS);
    }
  }

  async #call() {
    this.#counts.calls += 1;
    const failure = this.#counts.calls % FAILS_EVERY === 0 ? new Error("its own") : undefined;
    const value = {};
    const call = { decided: false };
    const startedMs = performance.now();
    const decide = () => {
      if (!call.decided) this.#longestMs = Math.max(this.#longestMs, performance.now() - startedMs);
      call.decided = true;
    };
    const ended = this.#shared.execute(() => {
      decide();
      if (failure !== undefined) throw failure;
      return value;
    });
    const watched = this.#watch(call);
    try {
      if ((await ended) === value) this.#counts.successes += 1;
      else this.#foreign.push("another value");
    } catch (error) {
      decide();
      if (error === failure) this.#counts.failures += 1;
      else if (this.#isRejection(error)) this.#counts.rejections += 1;
      else this.#foreign.push(`${error}`);
    }
    await watched;
  }

  /**
   * Counts a call that waits beyond the deadline. The fleet asks the store at the next turn of the event
   * loop, and stops waiting one turn after the deadline. This timer has the same delay but is set later, so
   * it always fires after the fleet's timer, even on a busy machine. A call that is still undecided then
   * has waited too long.
   */
  async #watch(call) {
    await turn();
    await sleep(this.#deadlineMs);
    await turn();
    await turn();
    if (!call.decided) this.#counts.overdue += 1;
  }
}
