/** Reads the context of a failure: the facts that a caller passes besides the error. */

import type { FailureContext } from "../failure.js";
import { NamedHosts } from "../query/query-upstreams.js";
import {
  entriesOf,
  isArray,
  readNumber,
  readProperty,
  readString,
  readText,
} from "../reading/error-facts.js";

/** The maximum number of words read from a command line. */
const MAX_WORDS = 10_000;

/** A copy of a caller's context. Reading its fields cannot throw, because a copy has no getters. */
export interface ReadContext extends Omit<FailureContext, "query"> {
  /** The hosts that the request names. The request is parsed at most once, whatever the number of errors. */
  readonly hosts: NamedHosts;
}

/**
 * Copies the known fields of a context. Later code then reads only the copy, because a caller's getter may
 * throw.
 */
export function readContext(context: unknown): ReadContext {
  return {
    operation: readText(context, "operation"),
    source: readText(context, "source"),
    hosts: new NamedHosts(readProperty(context, "query") as FailureContext["query"]),
    exitCode: readNumber(context, "exitCode"),
    command: readCommand(readProperty(context, "command")),
    input: readString(context, "input"),
  };
}

function readCommand(command: unknown): FailureContext["command"] {
  if (typeof command === "string") return command;
  if (!isArray(command)) return undefined;
  return entriesOf(command, MAX_WORDS).filter((word) => typeof word === "string");
}
