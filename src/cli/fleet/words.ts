/** Says in words why a circuit is as it is, and who is behind it. All of it is fit for a terminal. */

import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import type { Reporter, SharedFailure } from "../../fleet/rules/state.js";
import { plainText } from "../plain-text.js";
import { isKnown, stateOf } from "./circuit.js";

/** Why a circuit is as it is; empty where there is nothing to say. */
export function whyText(snapshot: FleetSnapshot): string {
  const { isolation, failure, probes, badSeconds, reporters } = snapshot;
  if (isolation !== null) return plainText(isolation.reason);
  if (stateOf(snapshot) !== "closed") {
    const parts = [failure === null ? "" : failureText(failure), probes && count(probes, "probe")];
    return parts.filter(Boolean).join(", ");
  }
  if (!isKnown(snapshot)) return "not known to the store";
  if (badSeconds === 0) return "";
  return `${count(badSeconds, "bad second")} in a row, of ${count(reporters, "process", "es")}`;
}

/** Who isolated a circuit, or met what it opened for; empty when nobody did. */
export function whoText({ isolation, state, failure }: FleetSnapshot): string {
  if (isolation !== null) return plainText(isolation.owner);
  return state === "closed" || failure === null ? "" : reporterText(failure.reporter);
}

/** A failure as far as it is shared. */
export function failureText({ fault, rule, limited }: SharedFailure): string {
  const what = limited ? "rate limit" : fault;
  return plainText(what === null ? rule : `${what} (${rule})`);
}

/** A process, by its run where it has one. */
export function reporterText({ host, run }: Pick<Reporter, "host" | "run">): string {
  return plainText(run === null ? host : `${host}, ${run}`);
}

/** An amount of things. */
export function count(amount: number, what: string, plural = "s"): string {
  return `${amount} ${what}${amount === 1 ? "" : plural}`;
}
