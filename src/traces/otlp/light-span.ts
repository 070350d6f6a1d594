/**
 * Removes the parts of a span that attribution does not read. These parts are most of its size, and most of
 * its secrets.
 */

import type { EngineSpan } from "../../attribution/spans/span.js";

const KEPT = [
  "dagger.io/cache.outcome",
  "dagger.io/dag.cached",
  "http.request.method",
  "http.response.status_code",
  "server.address",
  "server.port",
  "url.full",
] as const;
const CALL = "dagger.io/dag.call";
/** Calls of the API whose arguments contain a host or an image. */
const READ_CALLS: ReadonlySet<string> = new Set([
  "Container.from",
  "Container.publish",
  "Query.git",
  "Query.http",
]);
/** Calls of the API whose error messages show how an exchange ended. */
const READ_MESSAGES: ReadonlySet<string> = new Set(["Query.git", "Query.http"]);

const READ_WORK = /^(?:git|fetching) /;

const MAX_CALL = 16_384;
const MAX_NAME = 4_096;
const MAX_TEXT = 2_048;
const MAX_SCOPE = 256;
/** The approximate size of a span without its texts. A text adds its length in characters. */
const OBJECT_WEIGHT = 500;

/** Returns a span with only the fields that attribution reads. Long texts are cut or left out. */
export function lightSpan(span: EngineSpan): EngineSpan {
  const { scope, name, attributes } = span;
  const kept: Record<string, unknown> = {};
  for (const key of KEPT) {
    const value = attributes[key];
    if (typeof value === "string") kept[key] = cut(value);
    else if (typeof value === "number" || typeof value === "boolean") kept[key] = value;
  }
  const call = attributes[CALL];
  if (typeof call === "string" && call.length <= MAX_CALL && READ_CALLS.has(name)) {
    kept[CALL] = call;
  }
  const read =
    READ_MESSAGES.has(name) || READ_WORK.test(name) || "http.request.method" in kept
      ? cut(span.message)
      : "";
  return {
    ...span,
    scope: scope.length <= MAX_SCOPE ? scope : "",
    name: name.length <= MAX_NAME ? name : "",
    message: read,
    attributes: kept,
  };
}

/** Returns the approximate size of a span in memory, in characters. */
export function weightOf({ name, message, attributes }: EngineSpan): number {
  let weight = OBJECT_WEIGHT + name.length + message.length;
  for (const value of Object.values(attributes)) {
    if (typeof value === "string") weight += value.length;
  }
  return weight;
}

/** Returns both ends of a long text as a copy, because a substring would keep the whole original in memory. */
function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const half = MAX_TEXT / 2;
  return Buffer.from(`${text.slice(0, half)} ${text.slice(-half)}`).toString();
}
