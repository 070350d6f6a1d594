/** The rows of the tables, and shared failures. */

import { COMMAND_FAILED } from "../../../src/attribution/failure.js";
import { type Call, type Facts, failure } from "./facts.js";

export interface Row {
  readonly title: string;
  readonly facts: Facts;
  /** The outcomes of each call that can have these facts, as `breaker: outcome; ...`. */
  readonly expected: Readonly<Partial<Record<Call, string>>>;
  /** Why the calls differ, and which rule should apply. */
  readonly differs?: string;
}

/** Returns a row with the same outcome in a request and in a command. */
export function both(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes, command: outcomes } };
}

/** Returns a row with another outcome in a command than in a request. */
export function apart(
  title: string,
  given: Facts,
  { request, command }: { readonly request: string; readonly command: string },
  differs: string,
): Row {
  return { title, facts: given, expected: { request, command }, differs };
}

/**
 * Returns a row of facts that only a request has: several failures, or an upstream that was not
 * asked.
 */
export function inRequest(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes } };
}

/** The reason why a success proves less in a command. */
export const PROVEN_BY_NAME =
  "A request uses what it names. A command only declares what it needs, so its success proves no host: the fact `named` decides for both.";

export const engine = failure({ fault: "engine", counts: true });
export const engineBug = failure({ fault: "engine" });
export const command = failure({ fault: "user", rule: COMMAND_FAILED });
export const notFound = { fault: "user", counts: false, answered: true } as const;
export const limited = { limited: true };
export const forged = { forgeable: true };
/** A token server or a mirror asked on behalf of Docker Hub. */
export const forHub = { servesHost: "docker.io" };
