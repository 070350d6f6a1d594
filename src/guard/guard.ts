/** The guard: its settings and its breakers. It speaks neither HTTP nor the SDK. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Permit } from "../breaker/permit.js";
import { askUntilAdmitted } from "../policies/wait.js";
import { isRegistryFullError } from "../registry/registry.js";
import { askAll } from "./admission.js";
import {
  breakerOptions,
  ENGINE,
  type GuardOptions,
  type GuardSettings,
  readGuardOptions,
} from "./guard-options.js";

/** Knows the breakers of the upstreams, and lets requests in past them. */
export class Guard {
  readonly settings: GuardSettings;
  readonly #compared = new WeakSet<CircuitBreaker>();
  #announcedFull = false;

  /** @throws TypeError or RangeError naming the option, its value and what was expected. */
  constructor(options?: GuardOptions) {
    this.settings = readGuardOptions(options);
  }

  /** The breaker of the engine, made when it is first asked for. */
  get engine(): CircuitBreaker {
    return this.#breaker(ENGINE);
  }

  /**
   * The breaker of an upstream; undefined when the registry has no room for it, which is announced
   * once as a warning of the process: that upstream then runs unguarded.
   */
  upstream(name: string): CircuitBreaker | undefined {
    try {
      return this.#breaker(name);
    } catch (error) {
      if (!isRegistryFullError(error)) throw error;
      if (!this.#announcedFull) {
        this.#announcedFull = true;
        process.emitWarning(`${error.message}; upstreams without one run unguarded`, {
          type: "CircuitBreakerWarning",
          code: "registry-full",
        });
      }
      return undefined;
    }
  }

  /** Whether the breaker of an upstream would let a request in now. Changes nothing. */
  admits(name: string): boolean {
    return this.upstream(name)?.check().admits ?? true;
  }

  /**
   * Takes a permit of every breaker or of none. With `onOpen: "wait"` it waits for them, and holds
   * no permit meanwhile.
   *
   * @returns The permits in the order of the breakers.
   * @throws CircuitBreakerOpenError, WaitersFullError or the reason of the guard's signal.
   */
  async admit(breakers: readonly CircuitBreaker[]): Promise<readonly Permit[]> {
    const { onOpen, maxWaitMs, waitSpreadMs, signal } = this.settings;
    const ask = () => askAll(breakers);
    if (onOpen === "wait") {
      return askUntilAdmitted(ask, { maxWaitMs, waitSpreadMs, signal, random: Math.random });
    }
    const asked = ask();
    if ("value" in asked) return asked.value;
    throw asked.rejection;
  }

  /** Compares the options of a breaker that is there already with its own, but only once. */
  #breaker(name: string): CircuitBreaker {
    const { registry, breakers } = this.settings;
    const found = registry.find(name);
    if (found !== undefined && this.#compared.has(found)) return found;
    const breaker = registry.get(name, breakerOptions(breakers, name));
    this.#compared.add(breaker);
    return breaker;
  }
}
