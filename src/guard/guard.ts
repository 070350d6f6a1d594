/** The guard: its settings and its breakers. It uses neither HTTP nor the SDK. */

import { ADMITTED, type AdmissionCheck } from "../breaker/calls/admission-check.js";
import type { CallPermit } from "../breaker/calls/permit.js";
import { UnaskedPermit } from "../breaker/calls/unasked-permit.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Machine } from "../breaker/machine.js";
import type { SharedCircuitBreaker } from "../fleet/client/shared-circuit-breaker.js";
import { warnOnce } from "../options/warn-once.js";
import { type Asked, askUntilAdmitted, type OnWait } from "../policies/wait.js";
import {
  isRegistryFullError,
  type NamedBreakerOptions,
  type Registry,
} from "../registry/registry.js";
import { areClosed, askAll, askShared } from "./admission/admission.js";
import { sharedName } from "./admission/shared-upstreams.js";
import {
  breakerOptions,
  ENGINE,
  type GuardOptions,
  type GuardSettings,
  givenOptions,
  readGuardOptions,
} from "./guard-options.js";
import { probesJudged } from "./judgement/pending-settlements.js";
import { LockedPulls } from "./locks/locked-pulls.js";

type AskedPermits = Asked<readonly CallPermit[]>;

/** The outcomes of locked images, for all guards that share their breakers. */
const lockedPulls = new WeakMap<Registry, LockedPulls>();

/** The breakers of the upstreams, and the admission of requests past them. */
export class Guard {
  readonly settings: GuardSettings;
  /** The observations of locked images in its sessions. */
  readonly lockedPulls: LockedPulls;
  /** The breakers whose options were compared, with what is behind them. */
  readonly #machines = new WeakMap<CircuitBreaker, Machine>();
  #ownEngine: CircuitBreaker | undefined;

  /**
   * @throws TypeError or RangeError that names the option, its value and what was expected;
   * TypeError if a breaker named in the options exists with others.
   */
  constructor(options?: GuardOptions) {
    this.settings = readGuardOptions(options);
    const { breakers, registry } = this.settings;
    this.lockedPulls = lockedPulls.get(registry) ?? new LockedPulls();
    lockedPulls.set(registry, this.lockedPulls);
    for (const name of Object.keys(breakers)) {
      if (registry.find(name) !== undefined) this.#breaker(name);
    }
    // If the engine is shared, a policy that cannot be shared must throw at once.
    if (this.settings.fleet !== undefined) this.#sharedOf(this.engine);
  }

  /**
   * The breaker of the engine, created on first use. If the registry has no room for it, the guard
   * has one of its own.
   */
  get engine(): CircuitBreaker {
    const found = this.#breakerIfRoom(ENGINE);
    if (found !== undefined) return found;
    this.#ownEngine ??= new CircuitBreaker({ ...this.#optionsOf(ENGINE), name: ENGINE });
    return this.#ownEngine;
  }

  /**
   * Returns the breaker of an upstream. Undefined if the registry has no room for it, with one
   * warning of the process: that upstream then runs unguarded.
   */
  upstream(name: string): CircuitBreaker | undefined {
    return this.#breakerIfRoom(name);
  }

  /**
   * Returns whether the breaker of an upstream would admit a request now, as far as is known.
   * Changes nothing.
   */
  admits(name: string): boolean {
    return this.check(name).admits;
  }

  /**
   * Returns the answer that the breaker of an upstream would give now, as far as is known. Changes
   * nothing.
   */
  check(name: string): AdmissionCheck {
    const breaker = this.upstream(name);
    if (breaker === undefined) return ADMITTED;
    return (this.#sharedOf(breaker) ?? breaker).check();
  }

  /** Asks the fleet, if any, for the state of these upstreams, so that `admits` uses it. */
  async refresh(names: Iterable<string>): Promise<void> {
    if (this.settings.fleet === undefined) return;
    const breakers = [...new Set(names)].map((name) => this.upstream(name));
    await Promise.all(breakers.map((breaker) => breaker && this.#sharedOf(breaker)?.refresh()));
  }

  /**
   * Takes a permit from every breaker or none. With `onOpen: "wait"` it waits for them, holding no
   * permit. Otherwise it waits only for finished probes that are not judged yet.
   *
   * @param signal Ends the wait.
   * @param onWait Called for each part of the wait.
   * @returns The permits in the order of the breakers.
   * @throws GuardRejection, WaitersFullError or the reason of the signal.
   */
  async admit(
    breakers: readonly CircuitBreaker[],
    signal: AbortSignal | undefined,
    onWait?: OnWait,
  ): Promise<readonly CallPermit[]> {
    const { onOpen, maxWaitMs, waitSpreadMs } = this.settings;
    const machines = breakers.map((breaker) => this.machineOf(breaker));
    const ask = () => {
      const judged = areClosed(machines) ? undefined : probesJudged(breakers, signal);
      if (judged === undefined) return this.#ask(breakers, machines);
      return judged.then(() => this.#ask(breakers, machines));
    };
    if (onOpen === "wait") {
      const { random } = Math;
      return askUntilAdmitted(ask, { maxWaitMs, waitSpreadMs, signal, random, onWait });
    }
    const asked = await ask();
    if ("value" in asked) return asked.value;
    throw asked.rejection;
  }

  /**
   * Returns a permit for the outcome of a call that did not ask its breaker, in the current
   * generation.
   */
  unasked(breaker: CircuitBreaker): CallPermit {
    return this.#sharedOf(breaker)?.unasked() ?? new UnaskedPermit(breaker);
  }

  /** Returns the machine of one of this guard's breakers. */
  machineOf(breaker: CircuitBreaker): Machine {
    return this.#machines.get(breaker) ?? CircuitBreaker.machineOf(breaker);
  }

  /** Returns whether the circuit of this name is shared with other processes. */
  shares(name: string): boolean {
    const { fleet, engineHost } = this.settings;
    return fleet !== undefined && sharedName(name, engineHost) !== undefined;
  }

  /** Asks this process's breakers first, and their shared circuits only after those. */
  #ask(
    breakers: readonly CircuitBreaker[],
    machines: readonly Machine[],
  ): AskedPermits | Promise<AskedPermits> {
    if (this.settings.fleet === undefined) return askAll(breakers, machines);
    // A breaker that cannot be shared throws, which must happen before any permit is taken.
    const shared = breakers.map((breaker) => this.#sharedOf(breaker));
    const asked = askAll(breakers, machines);
    return "value" in asked ? askShared(breakers, asked.value, shared) : asked;
  }

  /** Returns the fleet's circuit of a breaker; undefined if it is not shared. */
  #sharedOf(breaker: CircuitBreaker): SharedCircuitBreaker | undefined {
    const { fleet, engineHost } = this.settings;
    const name = fleet && sharedName(breaker.name, engineHost);
    return name === undefined ? undefined : fleet?.share(breaker, { name });
  }

  #breakerIfRoom(name: string): CircuitBreaker | undefined {
    try {
      return this.#breaker(name);
    } catch (error) {
      if (!isRegistryFullError(error)) throw error;
      const message = `${error.message}; upstreams without one run unguarded`;
      warnOnce("registry-full", message, "registry-full", this);
      return undefined;
    }
  }

  #optionsOf(name: string): NamedBreakerOptions | undefined {
    return breakerOptions(this.settings.breakers, name, this.shares(name));
  }

  /**
   * Returns an existing breaker as it is, unless the options name it or its kind: then they are
   * compared, but only once.
   */
  #breaker(name: string): CircuitBreaker {
    const { registry, breakers } = this.settings;
    const found = registry.find(name);
    if (found === undefined) {
      const made = registry.get(name, this.#optionsOf(name));
      this.#machines.set(made, CircuitBreaker.machineOf(made));
      return made;
    }
    if (!this.#machines.has(found)) {
      if (givenOptions(breakers, name) !== undefined) {
        registry.get(name, this.#optionsOf(name));
      }
      this.#machines.set(found, CircuitBreaker.machineOf(found));
    }
    return found;
  }
}
