/**
 * Delivers the events of one shared circuit to its own listeners and to the listeners of its fleet.
 */

import { Emitter } from "../../../breaker/events.js";
import type { FleetChange, FleetSnapshot } from "../../rules/reply.js";
import type { FleetKey } from "../../store.js";
import type { FleetEvents, SharedEventName } from "../fleet-events.js";
import type { SharedCircuitOpenError } from "../shared-open-error.js";

/** Passes an event on to the listeners of the whole fleet. */
export type Announce = <N extends SharedEventName>(name: N, event: FleetEvents[N]) => void;

export class CircuitNews {
  readonly emitter: Emitter<FleetEvents>;
  readonly #key: FleetKey;
  readonly #announce: Announce;

  constructor(key: FleetKey, announce: Announce) {
    this.#key = key;
    this.#announce = announce;
    this.emitter = new Emitter(`shared circuit breaker "${key.name}"`);
  }

  /** Emits `rejected` with the error of a call. */
  tellRejected(error: SharedCircuitOpenError): void {
    this.#tell("rejected", { breakerName: this.#key.name, error });
  }

  /**
   * Emits `change` for a new snapshot, if callers see another state than before. Also emits
   * `change` if the reply of the store contains the change itself.
   */
  tellHeard(
    before: FleetSnapshot | undefined,
    after: FleetSnapshot,
    changes: readonly FleetChange[],
  ): void {
    if (before?.generation === after.generation) return;
    const change = changes.findLast(({ generation }) => generation === after.generation) ?? null;
    if (change === null && !differs(before, after)) return;
    const { scope, name } = this.#key;
    this.#tell("change", { scope, name, snapshot: after, change });
  }

  #tell<N extends SharedEventName>(name: N, event: FleetEvents[N]): void {
    this.emitter.enqueue(name, event);
    this.emitter.deliver();
    this.#announce(name, event);
  }
}

/**
 * Returns whether callers see another state than before. A circuit that the store does not know
 * counts as closed.
 */
function differs(before: FleetSnapshot | undefined, after: FleetSnapshot): boolean {
  const wasIsolated = before !== undefined && before.isolation !== null;
  return (before?.state ?? "closed") !== after.state || wasIsolated !== (after.isolation !== null);
}
