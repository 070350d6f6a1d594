/** Settles a call in the local circuit and in the shared circuit. */

import type { Permit, Settlement, Settler } from "../../../breaker/calls/permit.js";
import type { Machine } from "../../../breaker/machine.js";
import type { SharedTicket } from "./shared-ticket.js";

/** Reports the outcome of a call to both circuits. */
export class SharedSettler implements Settler {
  readonly ticket: SharedTicket;
  readonly #machine: Machine;

  constructor(machine: Machine, ticket: SharedTicket) {
    this.#machine = machine;
    this.ticket = ticket;
  }

  settle(permit: Permit, settlement: Settlement): void {
    this.#machine.settle(permit, settlement);
    this.ticket.settle(settlement);
  }

  release(permit: Permit): void {
    this.#machine.release(permit);
    this.ticket.release();
  }

  /**
   * Returns a settler that reports the outcome only to the local circuit. This settler still gives
   * the probe lease back to the shared circuit.
   */
  alone(): Settler {
    return {
      settle: (permit, settlement) => {
        this.#machine.settle(permit, settlement);
        this.ticket.release();
      },
      release: (permit) => this.release(permit),
    };
  }
}
