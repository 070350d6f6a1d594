/** The admission of a call by a shared circuit: its generation, and its probe lease if it has one. */

import type { Settlement } from "../../../breaker/calls/permit.js";

/** The shared circuit that a ticket reports to. */
export interface OutcomeTaker {
  tell(generation: number | null, settlement: Settlement): void;
  giveBack(generation: number | null, lease: string): void;
}

/** An admitted call. Calls without a probe lease share one ticket. */
export class SharedTicket {
  readonly #taker: OutcomeTaker;
  /** The generation that admitted the call; null if the store was not asked. */
  readonly generation: number | null;
  readonly #lease: string | undefined;

  /** @param lease The probe lease of the call, in a half-open circuit. */
  constructor(taker: OutcomeTaker, generation: number | null, lease: string | undefined) {
    this.#taker = taker;
    this.generation = generation;
    this.#lease = lease;
  }

  /** Settles a call that was made. */
  settle(settlement: Settlement): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
    if (settlement.outcome !== "ignored") this.#taker.tell(this.generation, settlement);
  }

  /** Returns the probe lease, if there is one, of a call that was not made. */
  release(): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
  }
}
