/** One span of the engine, in the form that attribution reads. */

/**
 * One span that an engine exported. Names, messages and attributes contain parts of the request, including
 * secrets. So a span is never logged or stored.
 */
export interface EngineSpan {
  /** The instrumentation scope, such as `"dagger.io/core"`. */
  readonly scope: string;
  readonly name: string;
  /** The id of the trace, in hex. */
  readonly trace: string;
  /** The id of the span, in hex. */
  readonly id: string;
  /** The id of the parent span, in hex. Empty without a parent. */
  readonly parent: string;
  /**
   * The start, in nanoseconds since 1970. It is a text of digits, because a number cannot represent it
   * exactly.
   */
  readonly startNs: string;
  /**
   * The end, in the same form as `startNs`; `"0"` while the span runs. An engine can be set to export running
   * spans too.
   */
  readonly endNs: string;
  readonly status: "unset" | "ok" | "error";
  /** The message of the status. It may be empty. */
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
