/**
 * Decides which spans code in a user's container could have sent. Such code knows only the id of the span
 * under which it runs. So its spans are below a command, a service or a function of a module.
 */

import { CORE_FIELDS } from "../query/dagger-fields.js";
import type { EngineSpan } from "./span.js";
import { isRequest, type SpanTree } from "./span-tree.js";

/**
 * The possible senders of a span. `engine`: only the engine. `function`: also a function of a module, which
 * may contact hosts through the engine. `command`: also any command in a container.
 */
export type SpanOrigin = "engine" | "function" | "command";

/** Matches spans of running containers, in engines 0.19, 0.21 and 1.0. */
const COMMAND = /^exec[ .]|(?:^|[ .])withExec$|^(?:service\.start|Service\.\w+)$|\.asService$/;
const CORE_CALL = /^([A-Z]\w*)\.(\w+)$/;
/**
 * Matches the twin span of a function call in 1.0, such as `hello:Hello.pull`. The twin may occur without the
 * call's own span.
 */
const FUNCTION_TWIN = /^[\w.-]{1,128}:[A-Z]\w*\.\w+$/;
/**
 * Matches types of the API whose calls contact hosts themselves. Calls of other types are functions of
 * modules.
 */
const ASKING_TYPES =
  /^(?:Container|Directory|File|Host|Changeset|Git\w*|Module\w*|HTTPState|Address|Secret|RemoteGitMirror|ClientFilesyncMirror)$/;

/** The maximum number of ancestors that are followed. A longer chain, or a loop, must be forged. */
const MAX_DEPTH = 200;

/**
 * Returns the possible senders of a span, according to its ancestors. A command that runs the program of a
 * function counts as the function.
 */
export function originOf(span: EngineSpan, tree: SpanTree): SpanOrigin {
  let requests = 0;
  let inCommand = false;
  let inFunction = false;
  let at = tree.parentOf(span);
  for (let depth = 0; at !== undefined; depth += 1) {
    if (depth >= MAX_DEPTH) return "command";
    const isFunction = callsFunction(at);
    if (inCommand && isFunction) inCommand = false;
    else if (inCommand && (isRequest(at) || isCall(at))) return "command";
    if (isRequest(at)) requests += 1;
    inCommand ||= COMMAND.test(at.name);
    inFunction ||= isFunction;
    at = tree.parentOf(at);
  }
  if (inCommand) return "command";
  return inFunction || requests > 1 ? "function" : "engine";
}

/** Returns whether a span is a call of the API that does not itself run a container. */
function isCall({ name, scope }: EngineSpan): boolean {
  return scope === "dagger.io/core" && CORE_CALL.test(name) && !COMMAND.test(name);
}

/** Returns whether a span calls a function or the constructor of a module. */
export function callsFunction({ name, scope }: EngineSpan): boolean {
  if (scope === "dagger.io/dagql") return FUNCTION_TWIN.test(name);
  if (scope !== "dagger.io/core" || COMMAND.test(name)) return false;
  const [, type, field = ""] = CORE_CALL.exec(name) ?? [];
  if (type === undefined) return false;
  if (type === "Query") return !field.startsWith("_") && !CORE_FIELDS.has(field);
  return !ASKING_TYPES.test(type);
}
