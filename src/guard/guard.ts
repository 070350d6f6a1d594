/** The guard, with its settings and its circuit breakers. It depends neither on HTTP nor on the SDK. */

import { ADMITTED, type AdmissionCheck } from "../breaker/calls/admission-check.js";
import type { CallPermit, Permit } from "../breaker/calls/permit.js";
import { UnaskedPermit } from "../breaker/calls/unasked-permit.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Machine } from "../breaker/machine.js";
import type { SharedCircuitBreaker } from "../fleet/client/shared-circuit-breaker.js";
import { warnOnce } from "../options/warn-once.js";
import type { Asked, OnWait } from "../policies/wait.js";
import {
  isRegistryFullError,
  type NamedBreakerOptions,
  type Registry,
} from "../registry/registry.js";
import { askAll, askShared } from "./admission/admission.js";
import { countedWait } from "./admission/counted-wait.js";
import { sharedName } from "./admission/shared-upstreams.js";
import { WaitTime } from "./admission/wait-time.js";
import { ENGINE } from "./engine-name.js";
import { countsFor } from "./guard-counts.js";
import {
  breakerOptions,
  type GuardOptions,
  type GuardSettings,
  givenOptions,
  readGuardOptions,
} from "./guard-options.js";
import { probesJudged } from "./judgement/pending-settlements.js";
import { LockedPulls } from "./locks/locked-pulls.js";

type AskedPermits = Asked<readonly CallPermit[]>;

/**
 * For each registry, the facts about locked images. All guards with the same registry share these facts.
 */
const lockedPulls = new WeakMap<Registry, LockedPulls>();

/** Owns the breakers of the engine and the upstreams, and admits requests through them. */
export class Guard {
  readonly settings: GuardSettings;
  /** The facts about images in lock files that the guard's sessions have shown. */
  readonly lockedPulls: LockedPulls;
  /** The total time in which calls of this guard waited for circuits. */
  readonly waitTime = new WaitTime();
  /**
   * The state machines of the breakers that this guard has already used. The options of a breaker are
   * checked at its first use.
   */
  readonly #machines = new WeakMap<CircuitBreaker, Machine>();
  #ownEngine: CircuitBreaker | undefined;

  /**
   * @throws TypeError or RangeError that names the option, its value and what was expected; TypeError if a
   * breaker already exists with other options.
   */
  constructor(options?: GuardOptions) {
    this.settings = readGuardOptions(options);
    const { breakers, registry } = this.settings;
    this.lockedPulls = lockedPulls.get(registry) ?? new LockedPulls();
    lockedPulls.set(registry, this.lockedPulls);
    for (const name of Object.keys(breakers)) {
      if (registry.find(name) !== undefined) this.#breaker(name);
    }
    if (this.settings.fleet !== undefined) this.#shareNamed();
  }

  /**
   * The breaker of the engine, created on first use. If the registry is full, the guard creates a breaker
   * outside the registry.
   */
  get engine(): CircuitBreaker {
    const found = this.#breakerIfRoom(ENGINE);
    if (found !== undefined) return found;
    this.#ownEngine ??= new CircuitBreaker({ ...this.#optionsOf(ENGINE), name: ENGINE });
    return this.#ownEngine;
  }

  /**
   * Returns the breaker of an upstream. If the registry is full, returns undefined and warns once. Requests
   * to such an upstream are not guarded.
   */
  upstream(name: string): CircuitBreaker | undefined {
    return this.#breakerIfRoom(name);
  }

  /**
   * Returns whether the breaker of an upstream would admit a request now, as far as this process knows.
   * Uses no probe slot.
   */
  admits(name: string): boolean {
    return this.check(name).admits;
  }

  /**
   * Returns the decision that the breaker of an upstream would make about a request now, as far as this
   * process knows. Uses no probe slot.
   */
  check(name: string): AdmissionCheck {
    const breaker = this.upstream(name);
    if (breaker === undefined) return ADMITTED;
    return (this.#sharedOf(breaker) ?? breaker).check();
  }

  /**
   * Reads the state of the shared circuits of these upstreams, for `admits` and `check`. Does nothing
   * without a fleet.
   */
  async refresh(names: Iterable<string>): Promise<void> {
    if (this.settings.fleet === undefined) return;
    const breakers = [...new Set(names)].map((name) => this.upstream(name));
    await Promise.all(breakers.map((breaker) => breaker && this.#sharedOf(breaker)?.refresh()));
  }

  /**
   * Takes a permit from every breaker at once, which is possible for nearly all requests. Takes no permit
   * and returns undefined if a breaker may reject. With a fleet, always returns undefined, because another
   * process may know more.
   */
  admitFreely(breakers: readonly CircuitBreaker[]): readonly CallPermit[] | undefined {
    if (this.settings.fleet !== undefined) return undefined;
    const machines = breakers.map((breaker) => this.machineOf(breaker));
    if (!machines.every(({ admitsFreely }) => admitsFreely)) return undefined;
    return machines.map((machine) => machine.admit() as Permit);
  }

  /**
   * Takes a permit from every breaker, or takes no permit. With `onOpen: "wait"`, waits until all breakers
   * admit the call, and holds no permit while it waits. Otherwise, waits only for the outcome of probes
   * whose requests have finished.
   *
   * @param signal An abort ends the wait.
   * @param onWait Called before each part of the wait.
   * @returns The permits in the order of the breakers.
   * @throws GuardRejection, WaitersFullError, or the reason of the signal.
   */
  async admit(
    breakers: readonly CircuitBreaker[],
    signal: AbortSignal | undefined,
    onWait?: OnWait,
  ): Promise<readonly CallPermit[]> {
    const { onOpen, maxWaitMs, waitSpreadMs } = this.settings;
    const machines = breakers.map((breaker) => this.machineOf(breaker));
    const ask = () => {
      const judged = probesJudged(breakers, signal);
      if (judged === undefined) return this.#ask(breakers, machines);
      return judged.then(() => this.#ask(breakers, machines));
    };
    if (onOpen === "wait") {
      const { random } = Math;
      const wait = this.waitTime.begin();
      const noteWait: OnWait = (rejection, waitMs) => {
        wait.starts();
        onWait?.(rejection, waitMs);
      };
      return countedWait(ask, {
        maxWaitMs,
        waitSpreadMs,
        signal,
        random,
        onWait: noteWait,
      }).finally(() => wait.ends());
    }
    const asked = await ask();
    if ("value" in asked) return asked.value;
    throw asked.rejection;
  }

  /**
   * Returns a permit for a call that did not ask this breaker, so that the outcome of the call still
   * counts. The permit belongs to the breaker's current generation.
   */
  unasked(breaker: CircuitBreaker): CallPermit {
    return this.#sharedOf(breaker)?.unasked() ?? new UnaskedPermit(breaker);
  }

  /** Returns the state machine of one of this guard's breakers. */
  machineOf(breaker: CircuitBreaker): Machine {
    return this.#machines.get(breaker) ?? CircuitBreaker.machineOf(breaker);
  }

  /** Returns whether the circuit with this name is shared with other processes. */
  shares(name: string): boolean {
    const { fleet, engineHost } = this.settings;
    return fleet !== undefined && sharedName(name, engineHost) !== undefined;
  }

  /**
   * Asks the breakers of this process first. Asks their shared circuits only if all breakers admit the
   * call.
   */
  #ask(
    breakers: readonly CircuitBreaker[],
    machines: readonly Machine[],
  ): AskedPermits | Promise<AskedPermits> {
    if (this.settings.fleet === undefined) return askAll(breakers, machines);
    // Find the shared circuits first. A breaker that cannot be shared throws here, and no permit may be
    // taken before.
    const shared = breakers.map((breaker) => this.#sharedOf(breaker));
    const asked = askAll(breakers, machines);
    return "value" in asked ? askShared(breakers, asked.value, shared) : asked;
  }

  /** Returns the shared circuit of a breaker, or undefined if the breaker is not shared. */
  #sharedOf(breaker: CircuitBreaker): SharedCircuitBreaker | undefined {
    const { fleet, engineHost } = this.settings;
    const name = fleet && sharedName(breaker.name, engineHost);
    return name === undefined ? undefined : fleet?.share(breaker, { name });
  }

  /**
   * Shares the engine's breaker and the breakers of the upstreams that the options name. A policy that
   * cannot be shared must throw now, and not in each request. Options for a whole kind are left out,
   * because they may be meant for hosts that are not shared.
   */
  #shareNamed(): void {
    this.#sharedOf(this.engine);
    for (const name of Object.keys(this.settings.breakers)) {
      const breaker = this.shares(name) ? this.#breakerIfRoom(name) : undefined;
      if (breaker !== undefined) this.#sharedOf(breaker);
    }
  }

  #breakerIfRoom(name: string): CircuitBreaker | undefined {
    try {
      return this.#breaker(name);
    } catch (error) {
      if (!isRegistryFullError(error)) throw error;
      const message = `${error.message}; upstreams without a circuit breaker run unguarded`;
      warnOnce("registry-full", message, "registry-full", this);
      return undefined;
    }
  }

  #optionsOf(name: string): NamedBreakerOptions | undefined {
    return breakerOptions(this.settings.breakers, name, this.shares(name));
  }

  /**
   * Returns the breaker with this name, and creates it if necessary. If the options name an existing
   * breaker or its kind, compares them once with the breaker's own options.
   */
  #breaker(name: string): CircuitBreaker {
    const { registry, breakers } = this.settings;
    const found = registry.find(name);
    if (found === undefined) {
      const made = registry.get(name, this.#optionsOf(name));
      this.#begin(made);
      return made;
    }
    if (!this.#machines.has(found)) {
      if (givenOptions(breakers, name) !== undefined) {
        registry.get(name, this.#optionsOf(name));
      }
      this.#begin(found);
    }
    return found;
  }

  /**
   * Records that this guard uses a breaker. Creates the guard counts of the breaker, if they do not exist
   * yet.
   */
  #begin(breaker: CircuitBreaker): void {
    this.#machines.set(breaker, CircuitBreaker.machineOf(breaker));
    countsFor(breaker);
  }
}
