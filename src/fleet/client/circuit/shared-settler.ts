/** The settler of a permit that the local and the shared circuit gave together. */

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

  /** Returns the lease to the shared circuit, which counts nothing. */
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
