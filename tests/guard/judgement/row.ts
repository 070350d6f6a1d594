/** The rows of the tables, and the failures that several of them have. */

import { COMMAND_FAILED } from "../../../src/attribution/failure.js";
import { type Call, type Facts, failure } from "./facts.js";

export interface Row {
  readonly title: string;
  readonly facts: Facts;
  /** The outcomes of each call that can have these facts, as `breaker: outcome; ...`. */
  readonly expected: Readonly<Partial<Record<Call, string>>>;
  /** Why the calls do not agree, and which rule should stand. */
  readonly differs?: string;
}

/** The same in a request and in a command. */
export function both(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes, command: outcomes } };
}

/** Another outcome in a command than in a request. */
export function apart(
  title: string,
  given: Facts,
  { request, command }: { readonly request: string; readonly command: string },
  differs: string,
): Row {
  return { title, facts: given, expected: { request, command }, differs };
}

/** Facts that only a request has: several failures, or an upstream that was not asked. */
export function inRequest(title: string, given: Facts, outcomes: string): Row {
  return { title, facts: given, expected: { request: outcomes } };
}

/** Why a success means less in a command. */
export const PROVEN_BY_NAME =
  "A request uses what it names. A command only declares what it needs, so its success proves no host: the fact `named` decides for both.";

export const engine = failure({ fault: "engine", counts: true });
export const engineBug = failure({ fault: "engine" });
export const command = failure({ fault: "user", rule: COMMAND_FAILED });
export const notFound = { fault: "user", counts: false, answered: true } as const;
export const limited = { limited: true };
export const forged = { forgeable: true };
/** A token server or a mirror that was asked in the name of Docker Hub. */
export const forHub = { servesHost: "docker.io" };
