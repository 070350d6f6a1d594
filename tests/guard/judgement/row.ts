/** Creates the rows of the tables, and the failures that several tables use. */

import { COMMAND_FAILED } from "../../../src/attribution/failure.js";
import { type Call, type Facts, failure } from "./facts.js";

export interface Row {
  readonly title: string;
  readonly facts: Facts;
  /** The outcomes for each kind of call that can have these facts, as `breaker: outcome; ...`. */
  readonly expected: Readonly<Partial<Record<Call, string>>>;
  /** Why the kinds of calls have different outcomes, and which rule should apply. */
  readonly differs?: string;
}

/** Returns a row in which a request and a command have the same outcomes. */
export function both(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes, command: outcomes } };
}

/** Returns a row in which a request and a command have different outcomes. */
export function apart(
  title: string,
  given: Facts,
  { request, command }: { readonly request: string; readonly command: string },
  differs: string,
): Row {
  return { title, facts: given, expected: { request, command }, differs };
}

/**
 * Returns a row of facts that only a request can have: several failures, or an upstream whose breaker was
 * not asked.
 */
export function inRequest(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes } };
}

/** Explains rows in which the success of a command proves less than the success of a request. */
export const PROVEN_BY_NAME =
  "A request uses what it names. A command only declares what it needs, so its success proves no host: the fact `named` decides for both.";

export const engine = failure({ fault: "engine", counts: true });
export const engineBug = failure({ fault: "engine" });
export const command = failure({ fault: "user", rule: COMMAND_FAILED });
export const notFound = { fault: "user", counts: false, answered: true } as const;
export const limited = { limited: true };
export const forged = { forgeable: true };
/** Marks an exchange with a token server or a mirror that serves Docker Hub. */
export const forHub = { servesHost: "docker.io" };
