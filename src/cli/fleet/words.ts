/**
 * Renders why a circuit is open or isolated, and which process or person caused that. The texts are
 * safe for a terminal.
 */

import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import { plainText } from "../plain-text.js";
import { failureText, reporterText } from "../shared-words.js";
import { isKnown, stateOf } from "./circuit.js";

/**
 * Renders why a circuit is in its state, such as `registry (registry.rate-limit)`. Returns an empty
 * text without a cause.
 */
export function whyText(snapshot: FleetSnapshot): string {
  const { isolation, failure, probes, badSeconds, reporters } = snapshot;
  if (isolation !== null) return plainText(isolation.reason);
  if (stateOf(snapshot) !== "closed") {
    const parts = [failure === null ? "" : failureText(failure), probes && count(probes, "probe")];
    return parts.filter(Boolean).join(", ");
  }
  if (!isKnown(snapshot)) return "not known to the store";
  if (badSeconds === 0) return "";
  return `${count(badSeconds, "bad second")} in a row, reported by ${count(reporters, "process", "es")}`;
}

/**
 * Renders the person who isolated the circuit, or the process that reported the failure. Returns an
 * empty text for a closed circuit.
 */
export function whoText({ isolation, state, failure }: FleetSnapshot): string {
  if (isolation !== null) return plainText(isolation.owner);
  return state === "closed" || failure === null ? "" : reporterText(failure.reporter);
}

/**
 * Renders the cause in few columns. For a failure, this is the rule alone, because its name begins
 * with the fault.
 */
export function shortWhyText(snapshot: FleetSnapshot): string {
  const { isolation, failure } = snapshot;
  const isFailure = isolation === null && failure !== null && stateOf(snapshot) !== "closed";
  return isFailure ? plainText(failure.rule) : whyText(snapshot);
}

/**
 * Renders the person who isolated the circuit, or the machine that reported the failure. Returns an
 * empty text for a closed circuit.
 */
export function shortWhoText(snapshot: FleetSnapshot): string {
  const { isolation, state, failure } = snapshot;
  if (isolation !== null || state === "closed" || failure === null) return whoText(snapshot);
  return plainText(failure.reporter.host);
}

/** Renders a number with a noun, such as `1 probe` or `2 probes`. */
export function count(amount: number, what: string, plural = "s"): string {
  return `${amount} ${what}${amount === 1 ? "" : plural}`;
}
