/**
 * Decides which spans code in a user's container could have sent. Such code knows the id of the
 * span under which it runs, so its spans are below a command, a service or a function of a module.
 */

import { CORE_FIELDS } from "../query/dagger-fields.js";
import type { EngineSpan } from "./span.js";
import { isRequest, type SpanTree } from "./span-tree.js";

/**
 * The possible sender of a span. It is only the engine; or also the function of a module, which has
 * a reason to contact hosts through the engine; or any command, which has none.
 */
export type SpanOrigin = "engine" | "function" | "command";

/** Spans that run a container, in engines 0.19, 0.21 and 1.0. */
const COMMAND = /^exec[ .]|(?:^|[ .])withExec$|^(?:service\.start|Service\.\w+)$|\.asService$/;
const CORE_CALL = /^([A-Z]\w*)\.(\w+)$/;
/** The twin of a function's call on 1.0, which may occur alone: `hello:Hello.pull`. */
const FUNCTION_TWIN = /^[\w.-]{1,128}:[A-Z]\w*\.\w+$/;
/** The engine's types whose calls contact hosts themselves; other types run containers. */
const ASKING_TYPES =
  /^(?:Container|Directory|File|Host|Changeset|Git\w*|Module\w*|HTTPState|Address|Secret|RemoteGitMirror|ClientFilesyncMirror)$/;

/** The bound on ancestors. A deeper chain, or a loop, is forged. */
const MAX_DEPTH = 200;

/**
 * Returns the possible sender of a span, from its ancestors. An unknown type of the engine counts
 * as a function of a module. A command that runs a function's runtime belongs to the function.
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
