/** Tells by a span that there is a session to an engine: requests are made in it. */

import type { EngineSpan } from "../attribution/spans/span.js";
import { isRequest } from "../attribution/spans/span-tree.js";

/** What the CLI calls the steps behind which a session is there. */
const AFTER_CONNECTING = /^(?:load workspace|loading type definitions|load module|initialize)/;

/** Whether a span could only come from a session. */
export function isSpanOfRequest(span: EngineSpan): boolean {
  return isRequest(span) || AFTER_CONNECTING.test(span.name);
}
