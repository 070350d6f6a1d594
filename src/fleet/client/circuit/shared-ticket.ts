/** What a call holds of a shared circuit: the generation that let it in, and its place as a probe. */

import type { Settlement } from "../../../breaker/calls/permit.js";

/** Takes what becomes of calls. */
export interface OutcomeTaker {
  tell(generation: number | null, settlement: Settlement): void;
  giveBack(generation: number | null, lease: string): void;
}

/** A call that was let in; calls without a place of their own share one of these. */
export class SharedTicket {
  readonly #taker: OutcomeTaker;
  /** The generation that let it in; null where the store was not asked. */
  readonly generation: number | null;
  readonly #lease: string | undefined;

  /** @param lease The place that the call holds, in a half-open circuit. */
  constructor(taker: OutcomeTaker, generation: number | null, lease: string | undefined) {
    this.#taker = taker;
    this.generation = generation;
    this.#lease = lease;
  }

  /** The call was made. */
  settle(settlement: Settlement): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
    if (settlement.outcome !== "ignored") this.#taker.tell(this.generation, settlement);
  }

  /** The call was not made. */
  release(): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
  }
}
