/**
 * Which spans code in a user's container could have sent: it knows the id of the span under which it
 * runs, so that what it sends stands below a command, a service or the function of a module.
 */

import type { EngineSpan } from "./span.js";
import { isRequest, type SpanTree } from "./span-tree.js";

/** What runs a container, in engines 0.19 and 0.21. */
const COMMAND = /^exec |(?:^|[ .])withExec$/;
const CORE_CALL = /^([A-Z]\w*)\.\w+$/;
/** The types of the engine below whose calls it asks hosts by itself; others run containers. */
const ASKING_TYPES = /^(?:Container|Directory|File|Query|Host|Changeset|Git\w*|Module\w*)$/;

/** How far up ancestors are followed; what stands deeper, or in a loop, was made up. */
const MAX_DEPTH = 200;

/**
 * Whether a span stands where a container's spans would, such as below a request inside a request. A
 * type of the engine that is not known here counts as the function of a module.
 */
export function isForgeable(span: EngineSpan, tree: SpanTree): boolean {
  let requests = 0;
  let at = tree.parentOf(span);
  for (let depth = 0; at !== undefined; depth += 1) {
    if (isRequest(at)) requests += 1;
    if (requests > 1 || depth >= MAX_DEPTH || runsContainer(at)) return true;
    at = tree.parentOf(at);
  }
  return false;
}

function runsContainer({ name, scope }: EngineSpan): boolean {
  if (COMMAND.test(name)) return true;
  const type = scope === "dagger.io/core" ? CORE_CALL.exec(name)?.[1] : undefined;
  return type !== undefined && !ASKING_TYPES.test(type);
}
