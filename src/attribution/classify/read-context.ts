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

/** The most words of a command line that are read. */
const MAX_WORDS = 10_000;

/** A context after reading. Its fields are copies, so that reading them cannot throw. */
export interface ReadContext extends Omit<FailureContext, "query"> {
  /** The hosts of the request. The request is parsed at most once, however many errors there are. */
  readonly hosts: NamedHosts;
}

/** Copies the known fields of a context. Getters of the caller may throw; later code then cannot meet them. */
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
