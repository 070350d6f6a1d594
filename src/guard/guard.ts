/** The guard: its settings and its breakers. It speaks neither HTTP nor the SDK. */

import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CallPermit } from "../breaker/permit.js";
import { askUntilAdmitted } from "../policies/wait.js";
import { isRegistryFullError } from "../registry/registry.js";
import { askAll } from "./admission.js";
import {
  breakerOptions,
  ENGINE,
  type GuardOptions,
  type GuardSettings,
  givenOptions,
  readGuardOptions,
} from "./guard-options.js";
import { probesJudged } from "./pending-settlements.js";
import { UnaskedCall } from "./unasked-call.js";

/** Knows the breakers of the upstreams, and lets requests in past them. */
export class Guard {
  readonly settings: GuardSettings;
  readonly #compared = new WeakSet<CircuitBreaker>();
  #ownEngine: CircuitBreaker | undefined;
  #announcedFull = false;

  /**
   * @throws TypeError or RangeError naming the option, its value and what was expected; TypeError
   * when a breaker that is named in the options is there already with others.
   */
  constructor(options?: GuardOptions) {
    this.settings = readGuardOptions(options);
    const { breakers, registry } = this.settings;
    for (const name of Object.keys(breakers)) {
      if (registry.find(name) !== undefined) this.#breaker(name);
    }
  }

  /**
   * The breaker of the engine, made when it is first asked for. When the registry has no room for
   * it, the guard has one of its own.
   */
  get engine(): CircuitBreaker {
    const found = this.#breakerIfRoom(ENGINE);
    if (found !== undefined) return found;
    const { engine } = this.settings.breakers;
    this.#ownEngine ??= new CircuitBreaker({ ...engine, name: ENGINE });
    return this.#ownEngine;
  }

  /**
   * The breaker of an upstream; undefined when the registry has no room for it, which is announced
   * once as a warning of the process: that upstream then runs unguarded.
   */
  upstream(name: string): CircuitBreaker | undefined {
    return this.#breakerIfRoom(name);
  }

  /** Whether the breaker of an upstream would let a request in now. Changes nothing. */
  admits(name: string): boolean {
    return this.upstream(name)?.check().admits ?? true;
  }

  /**
   * Takes a permit of every breaker or of none. With `onOpen: "wait"` it waits for them, and holds
   * no permit meanwhile; without it, it waits only for probes that are over but not judged yet.
   *
   * @param signal Ends the wait.
   * @returns The permits in the order of the breakers.
   * @throws GuardRejection, WaitersFullError or the reason of the signal.
   */
  async admit(
    breakers: readonly CircuitBreaker[],
    signal: AbortSignal | undefined,
  ): Promise<readonly CallPermit[]> {
    const { onOpen, maxWaitMs, waitSpreadMs } = this.settings;
    const ask = () => {
      const judged = probesJudged(breakers, signal);
      return judged === undefined ? askAll(breakers) : judged.then(() => askAll(breakers));
    };
    if (onOpen === "wait") {
      return askUntilAdmitted(ask, { maxWaitMs, waitSpreadMs, signal, random: Math.random });
    }
    const asked = await ask();
    if ("value" in asked) return asked.value;
    throw asked.rejection;
  }

  /** Takes the outcome of a call that did not ask its breaker, in the generation of now. */
  unasked(breaker: CircuitBreaker): CallPermit {
    return new UnaskedCall(breaker);
  }

  #breakerIfRoom(name: string): CircuitBreaker | undefined {
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

  /**
   * Takes a breaker that is there as it is, unless the options name it or its kind: then they are
   * compared, but only once.
   */
  #breaker(name: string): CircuitBreaker {
    const { registry, breakers } = this.settings;
    const found = registry.find(name);
    if (found === undefined) {
      const made = registry.get(name, breakerOptions(breakers, name));
      this.#compared.add(made);
      return made;
    }
    if (!this.#compared.has(found)) {
      if (givenOptions(breakers, name) !== undefined) {
        registry.get(name, breakerOptions(breakers, name));
      }
      this.#compared.add(found);
    }
    return found;
  }
}
