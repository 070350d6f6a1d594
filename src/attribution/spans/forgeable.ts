/**
 * Which spans code in a user's container could have sent: it knows the id of the span under which it
 * runs, so that what it sends stands below a command, a service or the function of a module.
 */

import { CORE_FIELDS } from "../query/dagger-fields.js";
import type { EngineSpan } from "./span.js";
import { isRequest, type SpanTree } from "./span-tree.js";

/**
 * Who can have sent a span: only the engine; the function of a module as well, which has a reason to
 * ask hosts through the engine; or any command, which has none.
 */
export type SpanOrigin = "engine" | "function" | "command";

/** What runs a container, in engines 0.19, 0.21 and 1.0. */
const COMMAND = /^exec[ .]|(?:^|[ .])withExec$|^(?:service\.start|Service\.\w+)$|\.asService$/;
const CORE_CALL = /^([A-Z]\w*)\.(\w+)$/;
/** The twin of a function's call on 1.0, which may come alone: `hello:Hello.pull`. */
const FUNCTION_TWIN = /^[\w.-]{1,128}:[A-Z]\w*\.\w+$/;
/** The types of the engine below whose calls it asks hosts by itself; others run containers. */
const ASKING_TYPES =
  /^(?:Container|Directory|File|Host|Changeset|Git\w*|Module\w*|HTTPState|Address|Secret|RemoteGitMirror|ClientFilesyncMirror)$/;

/** How far up ancestors are followed; what stands deeper, or in a loop, was made up. */
const MAX_DEPTH = 200;

/**
 * Tells who can have sent a span, by what stands above it. A type of the engine that is not known here
 * counts as the function of a module. A command that runs for a function itself, as its runtime does, is
 * the function's.
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

/** Whether a span is a call of the API that is not itself the run of a container. */
function isCall({ name, scope }: EngineSpan): boolean {
  return scope === "dagger.io/core" && CORE_CALL.test(name) && !COMMAND.test(name);
}

/** Whether a span is a call of a function of a module, the constructor of one among them. */
export function callsFunction({ name, scope }: EngineSpan): boolean {
  if (scope === "dagger.io/dagql") return FUNCTION_TWIN.test(name);
  if (scope !== "dagger.io/core" || COMMAND.test(name)) return false;
  const [, type, field = ""] = CORE_CALL.exec(name) ?? [];
  if (type === undefined) return false;
  if (type === "Query") return !field.startsWith("_") && !CORE_FIELDS.has(field);
  return !ASKING_TYPES.test(type);
}
