/**
 * Simulates a service with breakers of its own, and a Prometheus that scrapes it once a minute. Time is
 * virtual.
 */

import { createRegistry, type Registry } from "../../src/registry/registry.js";
import { metricsText } from "../../src/telemetry/metrics-text.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { Recording, type Target } from "./recording.js";

const MINUTE_MS = 60_000;
const CALLS_A_MINUTE = 10;
const NAME = "payments";

export class LocalScene {
  readonly recording: Recording;
  readonly #clock = new VirtualClock();
  #registry = this.#newRegistry();

  constructor(target?: Target) {
    this.recording = new Recording(target);
  }

  /** Lets minutes pass with calls. Prometheus scrapes at the end of each minute. */
  async minutes(count: number, upstream: "up" | "down"): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      for (let call = 0; call < CALLS_A_MINUTE; call += 1) await this.#call(upstream);
      await this.#clock.advance(MINUTE_MS);
      this.recording.scrape(metricsText(this.#registry));
    }
  }

  /** Lets minutes pass without calls. */
  async idle(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      await this.#clock.advance(MINUTE_MS);
      this.recording.scrape(metricsText(this.#registry));
    }
  }

  /** Adds another breaker, so that the registry evicts the first one as the least recently used. */
  evict(): void {
    this.#registry.get("another");
  }

  /** Restarts the process between two scrapes. */
  restart(): void {
    this.#registry = this.#newRegistry();
  }

  #newRegistry(): Registry {
    const clock = this.#clock;
    const defaults = { failureThreshold: 5, resetTimeoutMs: MINUTE_MS, clock };
    return createRegistry({ maxBreakers: 1, defaults });
  }

  async #call(upstream: "up" | "down"): Promise<void> {
    const answer = upstream === "up" ? Promise.resolve() : Promise.reject(new Error("down"));
    answer.catch(() => undefined);
    await this.#registry
      .get(NAME)
      .execute(() => answer)
      .catch(() => undefined);
  }
}
