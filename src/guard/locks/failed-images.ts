/**
 * Remembers which images failed during the current outage of their registry. The engine had to contact the
 * registry for such an image, so the engine did not have the image. If the image works later, the registry
 * must have answered in between, even on an engine with lock files.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";

/** The most images that are remembered for each registry. */
const LIMIT = 1000;

/**
 * How long before the opening of a circuit a failure may have happened, in milliseconds. An older failure
 * does not count for the outage, because another process may have pulled the image since.
 */
const PRELUDE_MS = 60_000;

/** The time at which each image of one registry failed, oldest first. */
type FailureTimes = Map<string, number>;

/** The failed images of all registries, for all sessions that use the same breakers. */
export class FailedImages {
  readonly #failedAtMs = new WeakMap<CircuitBreaker, FailureTimes>();
  /** Whether no image has failed yet. */
  isEmpty = true;

  /**
   * Records that the image of a request failed at a registry. If the request names several images there,
   * any of them may be the cause, so nothing is recorded.
   */
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
   * Records that a request has used its images.
   *
   * @returns Whether the use proves that the registry has answered during its outage.
   */
  used(breaker: CircuitBreaker, references: readonly NamedUpstream[]): boolean {
    const times = this.#failedAtMs.get(breaker);
    if (times === undefined) return false;
    let recovered = false;
    for (const key of imagesOf(breaker, references)) {
      const atMs = times.get(key);
      if (atMs === undefined) continue;
      // The engine has this image now, so a later use proves nothing.
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

/**
 * Returns the images of a registry that a request names, without duplicates. Images of `publish` are left
 * out, because a push always contacts the registry.
 */
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
