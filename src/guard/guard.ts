/** The guard: its settings and its breakers. It speaks neither HTTP nor the SDK. */

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

/** What was met of locked images, for all guards that share their breakers. */
const lockedPulls = new WeakMap<Registry, LockedPulls>();

/** Knows the breakers of the upstreams, and lets requests in past them. */
export class Guard {
  readonly settings: GuardSettings;
  /** What its sessions have met of locked images. */
  readonly lockedPulls: LockedPulls;
  /** The breakers whose options were compared, with what is behind them. */
  readonly #machines = new WeakMap<CircuitBreaker, Machine>();
  #ownEngine: CircuitBreaker | undefined;

  /**
   * @throws TypeError or RangeError naming the option, its value and what was expected; TypeError
   * when a breaker that is named in the options is there already with others.
   */
  constructor(options?: GuardOptions) {
    this.settings = readGuardOptions(options);
    const { breakers, registry } = this.settings;
    this.lockedPulls = lockedPulls.get(registry) ?? new LockedPulls();
    lockedPulls.set(registry, this.lockedPulls);
    for (const name of Object.keys(breakers)) {
      if (registry.find(name) !== undefined) this.#breaker(name);
    }
    // Whoever shares an engine is to hear at once that its policy cannot be shared.
    if (this.settings.fleet !== undefined) this.#sharedOf(this.engine);
  }

  /**
   * The breaker of the engine, made when it is first asked for. When the registry has no room for
   * it, the guard has one of its own.
   */
  get engine(): CircuitBreaker {
    const found = this.#breakerIfRoom(ENGINE);
    if (found !== undefined) return found;
    this.#ownEngine ??= new CircuitBreaker({ ...this.#optionsOf(ENGINE), name: ENGINE });
    return this.#ownEngine;
  }

  /**
   * The breaker of an upstream; undefined when the registry has no room for it, which is announced
   * once as a warning of the process: that upstream then runs unguarded.
   */
  upstream(name: string): CircuitBreaker | undefined {
    return this.#breakerIfRoom(name);
  }

  /** Whether the breaker of an upstream would let a request in now, as far as is known. Changes nothing. */
  admits(name: string): boolean {
    return this.check(name).admits;
  }

  /** The answer that the breaker of an upstream would give now, as far as is known. Changes nothing. */
  check(name: string): AdmissionCheck {
    const breaker = this.upstream(name);
    if (breaker === undefined) return ADMITTED;
    return (this.#sharedOf(breaker) ?? breaker).check();
  }

  /** Asks the fleet, if there is one, how these upstreams stand, so that `admits` tells what it knows. */
  async refresh(names: Iterable<string>): Promise<void> {
    if (this.settings.fleet === undefined) return;
    const breakers = [...new Set(names)].map((name) => this.upstream(name));
    await Promise.all(breakers.map((breaker) => breaker && this.#sharedOf(breaker)?.refresh()));
  }

  /**
   * Takes a permit of every breaker or of none. With `onOpen: "wait"` it waits for them, and holds
   * no permit meanwhile; without it, it waits only for probes that are over but not judged yet.
   *
   * @param signal Ends the wait.
   * @param onWait Hears of each part of the wait.
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

  /** Takes the outcome of a call that did not ask its breaker, in the generation of now. */
  unasked(breaker: CircuitBreaker): CallPermit {
    return this.#sharedOf(breaker)?.unasked() ?? new UnaskedPermit(breaker);
  }

  /** What is behind a breaker of this guard. */
  machineOf(breaker: CircuitBreaker): Machine {
    return this.#machines.get(breaker) ?? CircuitBreaker.machineOf(breaker);
  }

  /** Whether the circuit of this name is shared with other processes. */
  shares(name: string): boolean {
    const { fleet, engineHost } = this.settings;
    return fleet !== undefined && sharedName(name, engineHost) !== undefined;
  }

  /** The breakers of this process first, and only past those what they share with others. */
  #ask(
    breakers: readonly CircuitBreaker[],
    machines: readonly Machine[],
  ): AskedPermits | Promise<AskedPermits> {
    if (this.settings.fleet === undefined) return askAll(breakers, machines);
    // One that cannot be shared throws, which must be before any permit is taken.
    const shared = breakers.map((breaker) => this.#sharedOf(breaker));
    const asked = askAll(breakers, machines);
    return "value" in asked ? askShared(breakers, asked.value, shared) : asked;
  }

  /** The circuit that the fleet keeps for a breaker; undefined for one that is not shared. */
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
   * Takes a breaker that is there as it is, unless the options name it or its kind: then they are
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
