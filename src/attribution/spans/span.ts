/** One span of the engine, in the form that attribution reads. */

/**
 * One span that an engine exported. Names, messages and attributes contain parts of the request, including
 * secrets. Spans are read and forgotten, never logged or kept.
 */
export interface EngineSpan {
  /** The instrumentation scope, such as `"dagger.io/core"`. */
  readonly scope: string;
  readonly name: string;
  /** The id of its trace, in hex. */
  readonly trace: string;
  /** Its own id, in hex. */
  readonly id: string;
  /** The id of its parent span, in hex; empty without a parent. */
  readonly parent: string;
  /** Its start in nanoseconds since 1970. It is a text of digits, because a number cannot hold them exactly. */
  readonly startNs: string;
  /** Its end, in the same form; `"0"` while it runs. An engine can be set to export running spans, too. */
  readonly endNs: string;
  readonly status: "unset" | "ok" | "error";
  /** The message of its status; may be empty. */
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Returns whether a span has ended. A running span proves nothing. */
export function hasEnded({ endNs }: EngineSpan): boolean {
  return endNs !== "0";
}

/** Returns whether the engine answered a call from its cache. */
export function isCached({ attributes }: EngineSpan): boolean {
  return (
    attributes["dagger.io/dag.cached"] === true || attributes["dagger.io/cache.outcome"] === "hit"
  );
}
