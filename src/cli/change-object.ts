/** A change of a shared circuit as plain data, for JSON and messages. */

import type { FleetChange } from "../fleet/rules/reply.js";
import type { SharedFailure } from "../fleet/rules/state.js";

/** A change of state, with the name of its circuit. */
export interface NamedChange {
  readonly name: string;
  readonly change: FleetChange;
}

/** A change as `--json` prints it. `at` is a time on the store's clock. */
export interface ChangeObject
  extends Pick<FleetChange, "generation" | "reason" | "from" | "to" | "forMs" | "owner" | "note"> {
  readonly name: string;
  readonly at: string;
  readonly failure: SharedFailure | null;
  /** The process whose outcome caused the change; null if no outcome did. */
  readonly by: { readonly host: string; readonly run: string | null } | null;
}

export function changeObject({ name, change }: NamedChange): ChangeObject {
  const { atMs, generation, reason, from, to, forMs, by, failure, owner, note } = change;
  return {
    name,
    at: new Date(atMs).toISOString(),
    generation,
    reason,
    from,
    to,
    forMs,
    failure: failure && { fault: failure.fault, rule: failure.rule, limited: failure.limited },
    by: by && { host: by.host, run: by.run },
    owner,
    note,
  };
}
