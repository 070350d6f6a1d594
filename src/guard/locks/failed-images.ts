/**
 * The images that failed at their registry in its present outage. If one works again, the registry
 * has answered meanwhile, even if the engine takes tags from lock files. At the failure the engine
 * had to contact the registry, so it did not have the image.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";

/** The most images remembered per registry. */
const LIMIT = 1000;

/**
 * How long before the opening of a circuit a failure still belongs to its outage. After an older
 * failure, another process may have pulled the image while the registry worked.
 */
const PRELUDE_MS = 60_000;

/** The failure times of one registry's images, the oldest first. */
type FailureTimes = Map<string, number>;

/** The failed images, for all sessions that share their breakers. */
export class FailedImages {
  readonly #failedAtMs = new WeakMap<CircuitBreaker, FailureTimes>();
  /** Whether no image has ever failed. */
  isEmpty = true;

  /** Records that a request failed at a registry, if only one image can be the cause. */
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
   * @returns Whether this proves that the registry of this breaker has answered in its outage.
   */
  used(breaker: CircuitBreaker, references: readonly NamedUpstream[]): boolean {
    const times = this.#failedAtMs.get(breaker);
    if (times === undefined) return false;
    let recovered = false;
    for (const key of imagesOf(breaker, references)) {
      const atMs = times.get(key);
      if (atMs === undefined) continue;
      // The engine has this image now, so it proves nothing in the next outage.
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
 * Returns the images of a registry, each once. A push always contacts it, and does not show what
 * the engine has.
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
