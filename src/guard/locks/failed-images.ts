/**
 * The images that failed at their registry in its present outage. One that works again proves that the
 * registry has answered meanwhile, even where the engine takes tags from lock files: when it failed, the
 * engine had to ask, so it did not hold the image.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";

/** How many images of one registry are remembered. */
const LIMIT = 1000;

/**
 * How long before a circuit opens a failure belongs to the outage that opens it. After an older one
 * somebody else may have pulled the image, while the registry was well.
 */
const PRELUDE_MS = 60_000;

/** When the images of one registry failed, the oldest failure first. */
type FailureTimes = Map<string, number>;

/** Remembers them for all sessions that share their breakers. */
export class FailedImages {
  readonly #failedAtMs = new WeakMap<CircuitBreaker, FailureTimes>();
  /** Whether none has ever failed. */
  isEmpty = true;

  /** Notes that a request failed at a registry, if it can only have been for one image. */
  failed(breaker: CircuitBreaker, references: readonly NamedUpstream[]): void {
    const [key, ...others] = imagesOf(breaker, references);
    if (key === undefined || others.length > 0) return;
    const times = this.#failedAtMs.get(breaker) ?? this.#begin(breaker);
    times.delete(key);
    times.set(key, nowOf(breaker));
    const [oldest] = times.keys();
    if (times.size > LIMIT) times.delete(oldest as string);
  }

  /**
   * Notes that a request has used its images.
   *
   * @returns Whether that proves that the registry of this breaker has answered in its outage.
   */
  used(breaker: CircuitBreaker, references: readonly NamedUpstream[]): boolean {
    const times = this.#failedAtMs.get(breaker);
    if (times === undefined) return false;
    let recovered = false;
    for (const key of imagesOf(breaker, references)) {
      const atMs = times.get(key);
      if (atMs === undefined) continue;
      // What works now is held by the engine, so it proves nothing in the next outage.
      times.delete(key);
      const isRecent = nowOf(breaker) - atMs <= PRELUDE_MS;
      recovered ||= isRecent || breaker.state !== CircuitState.Closed;
    }
    return recovered;
  }

  #begin(breaker: CircuitBreaker): FailureTimes {
    const times: FailureTimes = new Map();
    this.#failedAtMs.set(breaker, times);
    this.isEmpty = false;
    breaker.on("stateChange", ({ from, to }) => {
      if (to === CircuitState.Closed) times.clear();
      else if (from === CircuitState.Closed) forgetBefore(times, nowOf(breaker) - PRELUDE_MS);
    });
    return times;
  }
}

function forgetBefore(times: FailureTimes, limitMs: number): void {
  for (const [key, atMs] of times) {
    if (atMs >= limitMs) break;
    times.delete(key);
  }
}

function nowOf(breaker: CircuitBreaker): number {
  return CircuitBreaker.machineOf(breaker).settings.clock.now();
}

/** The images of a registry, each once. A push asks always, and says nothing of what the engine holds. */
function imagesOf({ name }: CircuitBreaker, references: readonly NamedUpstream[]): string[] {
  const images = references.filter(
    ({ upstream: { kind, field }, circuit }) =>
      kind === "registry" && field !== "publish" && circuit === name,
  );
  const keys = images.map(
    ({ upstream, image }) => `${upstream.reference} ${image?.platform ?? ""}`,
  );
  return [...new Set(keys)];
}
