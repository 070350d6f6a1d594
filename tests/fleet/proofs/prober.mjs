// Asks a circuit for probes again and again. Reports each probe to the parent, and holds it until the
// parent decides its outcome.

import { setTimeout as sleep } from "node:timers/promises";

/** The longest wait before asking again, even when the rejection asks for a longer one. */
const LONGEST_WAIT_MS = 100;

export class Prober {
  #shared;
  #flush;
  #isRejection;
  #ended;
  #stopped = false;
  #decided = () => {};
  #refusals = [];

  constructor(shared, flush, isRejection) {
    this.#shared = shared;
    this.#flush = flush;
    this.#isRejection = isRejection;
    this.#ended = this.#run();
  }

  decide(outcome) {
    this.#decided(outcome);
  }

  async stop() {
    this.#stopped = true;
    await this.#ended;
    return this.#refusals;
  }

  async #run() {
    while (!this.#stopped) {
      const askedMs = now();
      const permit = await this.#shared.tryAcquire();
      const answeredMs = now();
      if (this.#isRejection(permit)) {
        const { reason, generation, retryAfterMs, scope } = permit;
        const by = scope === undefined ? "local" : "shared";
        this.#refusals.push({ by, reason, generation, askedMs, answeredMs });
        await sleep(Math.min(retryAfterMs, LONGEST_WAIT_MS));
      } else await this.#hold(permit, askedMs, answeredMs);
    }
  }

  async #hold(permit, askedMs, answeredMs) {
    const { generation, state } = this.#shared.getMetrics().shared;
    const told = new Promise((resolve) => {
      this.#decided = resolve;
    });
    process.send({ event: "probe", detail: { generation, state, askedMs, answeredMs } });
    const outcome = await told;
    const settlingMs = now();
    permit[outcome]();
    await this.#flush();
    process.send({ event: "settled", detail: { settlingMs, settledMs: now() } });
  }
}

/** Returns the time on a clock that all processes of the machine share. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
