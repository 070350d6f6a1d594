/** The settler of a permit that both circuits gave, the local and the shared one. */

import type { Permit, Settlement, Settler } from "../../../breaker/calls/permit.js";
import type { Machine } from "../../../breaker/machine.js";
import type { SharedTicket } from "./shared-ticket.js";

/** Tells both circuits what became of a call. */
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

  /** The shared circuit gets its place back and counts nothing. */
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
