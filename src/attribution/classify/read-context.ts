/** Reads what the caller of a classification knows besides the failure. */

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

/** How many words of a command are read. */
const MAX_WORDS = 10_000;

/** The facts besides the words. Reading them cannot throw. */
export interface ReadContext extends Omit<FailureContext, "query"> {
  /** The hosts of the request, which is read once, however many errors there are. */
  readonly hosts: NamedHosts;
}

/** Copies the known fields of a context, so that later reads cannot throw. */
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
