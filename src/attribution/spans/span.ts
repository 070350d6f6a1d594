/** What is known of one span of the engine, in the shape in which attribution reads it. */

/**
 * One finished span, as an engine exports it. Names, messages and attributes hold what the request
 * held, secrets included: spans are read and forgotten, never logged or kept.
 */
export interface EngineSpan {
  /** The instrumentation scope, such as `"dagger.io/core"`. */
  readonly scope: string;
  readonly name: string;
  /** The id of its trace, in hex. */
  readonly trace: string;
  /** Its own id, in hex. */
  readonly id: string;
  /** The id of the span it is part of, in hex; empty when there is none. */
  readonly parent: string;
  /** When it began, in nanoseconds since 1970, as digits: they are too many for a number. */
  readonly startNs: string;
  /** When it ended, likewise; `"0"` while it has not: an engine may be told to export such as well. */
  readonly endNs: string;
  readonly status: "unset" | "ok" | "error";
  /** What its status says; empty when it says nothing. */
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Whether a span has ended; one that has not proves nothing. */
export function hasEnded({ endNs }: EngineSpan): boolean {
  return endNs !== "0";
}

/** Whether the engine answered a call from its cache. */
export function isCached({ attributes }: EngineSpan): boolean {
  return (
    attributes["dagger.io/dag.cached"] === true || attributes["dagger.io/cache.outcome"] === "hit"
  );
}
