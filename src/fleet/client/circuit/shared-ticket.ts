/** Represents the admission of a call by a shared circuit. */

import type { Settlement } from "../../../breaker/calls/permit.js";

/** The shared circuit that receives the outcome of a ticket. */
export interface OutcomeTaker {
  tell(generation: number | null, settlement: Settlement): void;
  giveBack(generation: number | null, lease: string): void;
}

/** The ticket of an admitted call. Calls without a probe lease share one ticket. */
export class SharedTicket {
  readonly #taker: OutcomeTaker;
  /** The generation that admitted the call; null if the store was not asked. */
  readonly generation: number | null;
  readonly #lease: string | undefined;

  /** @param lease The probe lease of the call, if the circuit is half-open. */
  constructor(taker: OutcomeTaker, generation: number | null, lease: string | undefined) {
    this.#taker = taker;
    this.generation = generation;
    this.#lease = lease;
  }

  /** Settles a call that was made. Gives its probe lease back, if it has one. */
  settle(settlement: Settlement): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
    if (settlement.outcome !== "ignored") this.#taker.tell(this.generation, settlement);
  }

  /** Releases a call that was not made. Gives its probe lease back, if it has one. */
  release(): void {
    if (this.#lease !== undefined) this.#taker.giveBack(this.generation, this.#lease);
  }
}
