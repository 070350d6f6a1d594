/** Derives the policy of a shared circuit from its local breaker. */

import type { Settings } from "../../breaker/options.js";
import { checkNumber, show } from "../../options/check.js";
import { MAX_BAD_SECONDS, MAX_PROBES, type SharedPolicy } from "../rules/policy.js";

/** The part of a shared policy that comes from the options of the breaker. */
type BreakerPolicy = Omit<SharedPolicy, "minimumReporters">;

/** The policy of one breaker, in the form that is sent to a store. */
export class CircuitPolicy {
  readonly #own: BreakerPolicy;
  #told: SharedPolicy | undefined;

  constructor(own: BreakerPolicy) {
    this.#own = own;
  }

  get maxOpenMs(): number {
    return this.#own.maxOpenMs;
  }

  /** The shortest open time of the circuit in milliseconds. */
  get minOpenMs(): number {
    return Math.min(this.#own.resetTimeoutMs, this.#own.maxOpenMs);
  }

  /**
   * Returns the policy to send. Returns the same frozen object each time, because a store may cache
   * its text.
   */
  toldWith(minimumReporters: number): SharedPolicy {
    if (this.#told?.minimumReporters !== minimumReporters) {
      this.#told = Object.freeze({ ...this.#own, minimumReporters });
    }
    return this.#told;
  }
}

/**
 * Derives the policy of a shared circuit from the settings of a breaker.
 *
 * @throws TypeError for a trip policy that does not count bad seconds, because many processes can
 * count only bad seconds together. RangeError for values above a store's limits.
 */
export function policyOf(name: string, settings: Settings): CircuitPolicy {
  const { badSeconds, windowMs } = settings.trip.options;
  if (badSeconds === undefined || windowMs === undefined) {
    const [kind] = Object.keys(settings.trip.options);
    throw new TypeError(
      `circuit breaker ${show(name)} has the trip policy "${kind}", expected "badSeconds" for a shared circuit, such as { badSeconds: 5, windowMs: 60000 }`,
    );
  }
  const of = (option: string) => `option "${option}" of the shared circuit breaker ${show(name)}`;
  return new CircuitPolicy({
    badSeconds: checkNumber(badSeconds, of("badSeconds"), { min: 1, max: MAX_BAD_SECONDS }),
    windowMs,
    resetTimeoutMs: settings.resetTimeoutMs,
    maxOpenMs: settings.maxOpenMs,
    openTimeGrowthFactor: settings.openTimeGrowthFactor,
    openTimeJitter: settings.openTimeJitter,
    halfOpenMaxCalls: checkNumber(settings.halfOpenMaxCalls, of("halfOpenMaxCalls"), {
      min: 1,
      max: MAX_PROBES,
    }),
    halfOpenSuccessThreshold: settings.halfOpenSuccessThreshold,
    halfOpenProbeTimeoutMs: settings.halfOpenProbeTimeoutMs,
  });
}
