/** A change of a shared circuit as the commands show it. */

import type { FleetChange, FleetChangeReason } from "../../fleet/rules/reply.js";
import type { SharedFailure } from "../../fleet/rules/state.js";
import type { FleetStore } from "../../fleet/store.js";
import { plainText } from "../plain-text.js";
import { failureText, reporterText } from "../shared-words.js";
import { waitText } from "../time-words.js";
import { isoTime, secondText } from "./circuit.js";

/** A change of state, with the name of its circuit. */
export interface NamedChange {
  readonly name: string;
  readonly change: FleetChange;
}

/** A change as `--json` prints it. The time is on the store's clock. */
export interface ChangeObject
  extends Pick<FleetChange, "generation" | "reason" | "from" | "to" | "forMs" | "owner" | "note"> {
  readonly name: string;
  readonly at: string;
  readonly failure: SharedFailure | null;
  /** The process whose outcome caused the change; null if no outcome did. */
  readonly by: { readonly host: string; readonly run: string | null } | null;
}

const WORDS: Readonly<Record<FleetChangeReason, string>> = {
  tripped: "opened: bad seconds",
  "opened-at-once": "opened: one failure",
  "open-time-over": "reset timeout over",
  "probe-succeeded": "probe succeeded",
  "probe-failed": "probe failed",
  isolate: "isolated",
  "isolation-over": "isolation over",
  release: "released",
  reset: "reset",
};

/** Returns the plain object of a change. */
export function changeObject({ name, change }: NamedChange): ChangeObject {
  const { atMs, generation, reason, from, to, forMs, by, failure, owner, note } = change;
  return {
    name,
    at: isoTime(atMs),
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

/**
 * Returns a change's row in the table of `history`: time, name, reason, from, to, duration, cause,
 * process or person.
 */
export function changeCells({ name, change }: NamedChange): readonly string[] {
  const { atMs, reason, from, to, forMs, by, failure, owner, note } = change;
  const cause = to === "open" && failure !== null ? failureText(failure) : "";
  return [
    secondText(atMs),
    plainText(name),
    WORDS[reason],
    from,
    to,
    forMs === null ? "" : waitText(forMs),
    note === null ? cause : plainText(note),
    owner === null ? (by === null ? "" : reporterText(by)) : plainText(owner),
  ];
}

/** Renders a change as one line. */
export function changeLine(named: NamedChange): string {
  const [when, name, what, from, to, length, why, who] = changeCells(named);
  const parts = [
    `${when} ${name}: ${what}, ${from} -> ${to}${length && ` for ${length}`}`,
    why && `: ${why}`,
    who && `, by ${who}`,
  ];
  return parts.join("");
}

/** Returns the changes of one circuit after a generation, oldest first. */
export async function changesAfter(
  store: FleetStore,
  key: { readonly scope: string; readonly name: string },
  generation: number,
): Promise<NamedChange[]> {
  const changes = await store.history(key);
  return changes
    .filter((change) => change.generation > generation)
    .map((change) => ({ name: key.name, change }));
}
