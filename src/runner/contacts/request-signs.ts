/** Tells by a span that there is a session to an engine: requests are made in it. */

import { type EngineSpan, hasEnded } from "../../attribution/spans/span.js";
import { isRequest } from "../../attribution/spans/span-tree.js";

/** What the CLI calls the steps behind which a session is there. */
const AFTER_CONNECTING = /^(?:load workspace|loading type definitions|load module|initialize)/;

/** How Go and the engine word that a user stopped something. */
const CANCELED = /\bcontext canceled\b|^canceled\.?$/i;
/** The CLI marks what was interrupted. */
const CANCELED_ATTRIBUTE = "dagger.io/dag.canceled";

/**
 * Whether a span is the one of a whole `dagger` command, which was canceled: in dagger's own display
 * Ctrl-C is a key, so that no signal comes.
 *
 * @param outer The id of the span that the command was started in; empty for none.
 */
export function isCanceledCommand(span: EngineSpan, outer: string): boolean {
  const isRoot = span.parent === "" || span.parent === outer;
  if (!isRoot || isRequest(span) || !hasEnded(span)) return false;
  return (
    span.attributes[CANCELED_ATTRIBUTE] === true ||
    (span.status === "error" && CANCELED.test(span.message.trim()))
  );
}

/** Whether a span could only come from a session. */
export function isSpanOfRequest(span: EngineSpan): boolean {
  return isRequest(span) || AFTER_CONNECTING.test(span.name);
}
