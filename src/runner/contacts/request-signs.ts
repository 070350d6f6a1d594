/** Recognizes spans that prove a session to an engine, and spans that prove a cancellation. */

import { type EngineSpan, hasEnded } from "../../attribution/spans/span.js";
import { isRequest } from "../../attribution/spans/span-tree.js";

/** Names of spans that the dagger CLI begins only after it has a session. */
const AFTER_CONNECTING = /^(?:load workspace|loading type definitions|load module|initialize)/;

/** The messages of Go and the engine for a cancellation. */
const CANCELED = /\bcontext canceled\b|^canceled\.?$/i;
/** The attribute with which the CLI marks an interrupted span. */
const CANCELED_ATTRIBUTE = "dagger.io/dag.canceled";

/**
 * Returns whether a span shows that the user canceled the whole `dagger` command. Dagger's display
 * reads Ctrl-C as a key, so no signal shows the cancellation.
 *
 * @param outer The id of the span around the command, from TRACEPARENT; empty without one.
 */
export function isCanceledCommand(span: EngineSpan, outer: string): boolean {
  const isRoot = span.parent === "" || span.parent === outer;
  if (!isRoot || isRequest(span) || !hasEnded(span)) return false;
  return (
    span.attributes[CANCELED_ATTRIBUTE] === true ||
    (span.status === "error" && CANCELED.test(span.message.trim()))
  );
}

/** Returns whether a span proves that a session exists. */
export function isSpanOfRequest(span: EngineSpan): boolean {
  return isRequest(span) || AFTER_CONNECTING.test(span.name);
}
