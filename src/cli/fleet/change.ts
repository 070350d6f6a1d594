/** Renders changes of shared circuits, and reads them from a store. */

import type { FleetChangeReason } from "../../fleet/rules/reply.js";
import type { FleetStore } from "../../fleet/store.js";
import type { NamedChange } from "../change-object.js";
import { plainText } from "../plain-text.js";
import { failureText, reporterText } from "../shared-words.js";
import { waitText } from "../time-words.js";
import { secondText } from "./circuit.js";

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

/**
 * Returns the row of a change in the table of `history`. The cells are time, name, reason, from,
 * to, duration, cause, and the process or person.
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

/** Returns the changes of one circuit after a generation. The oldest change comes first. */
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
