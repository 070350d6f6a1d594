/** Named breakers: one name, one breaker. */

import { askUser } from "../breaker/announce.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { CircuitState } from "../breaker/circuit-state.js";
import { type Clock, systemClock } from "../breaker/clock.js";
import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import {
  type CircuitBreakerOptions,
  readSettings,
  type Settings,
  settingsDifference,
} from "../breaker/options.js";
import {
  checkFunction,
  type Field,
  numberField,
  objectField,
  readOptions,
  readRecord,
  SOME_MILLISECONDS,
} from "../options/check.js";

/** The options of a breaker that is named by its registry. */
export type NamedBreakerOptions = Omit<CircuitBreakerOptions, "name">;

/** What a registry can be told. */
export interface RegistryOptions {
  /**
   * How many breakers it holds at most, 1 to 10,000,000. When it is full, the least recently used
   * breaker that is closed, automatic and has no call in flight makes room. Default: 10,000.
   */
  readonly maxBreakers?: number | undefined;
  /**
   * Milliseconds after which such a breaker may go although there is room, counted from when it was
   * last asked for; above 0. None by default.
   */
  readonly idleTtlMs?: number | undefined;
  /** Options of every breaker; those given with a name go before them. */
  readonly defaults?: NamedBreakerOptions | undefined;
  /** Where time comes from, for `idleTtlMs`. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
}

/** Breakers by name. */
export interface Registry {
  /**
   * The breaker of that name, made now when there is none.
   *
   * @param options For a breaker that is made now. For one that is there, they must come to the same
   * as those it was made with; leave them out to take what is there.
   * @throws RegistryFullError when there is no room and nothing can make room; TypeError for options
   * other than those of the breaker that is there, showing both; what the constructor of a breaker
   * throws for wrong ones.
   */
  get(name: string, options?: NamedBreakerOptions): CircuitBreaker;
  /** The breaker of that name if there is one; that counts as a use of it. */
  find(name: string): CircuitBreaker | undefined;
  /** The breakers of this moment by name. */
  getAll(): ReadonlyMap<string, CircuitBreaker>;
  /** Calls `reset` of every breaker; isolation and other manual control stay. */
  resetAll(): void;
  /**
   * Calls `listener` with every breaker that is there and every one that is made later, before its
   * first call: the place to attach logs and metrics. What it throws or rejects with harms nobody
   * and is announced once as a warning of the process.
   *
   * @returns How to take the listener off; breakers that it has seen are not affected.
   */
  onBreaker(listener: (breaker: CircuitBreaker) => unknown): () => void;
  /** Forgets a breaker; whoever holds it can go on using it. Returns whether there was one. */
  delete(name: string): boolean;
}

const FULL_CODE = "REGISTRY_FULL";

/** Whether `error` is a {@link RegistryFullError} of this or of another copy of the package. */
export function isRegistryFullError(error: unknown): error is RegistryFullError {
  return isCircuitBreakerError(error) && error.code === FULL_CODE;
}

/**
 * A registry has no room for another breaker. `code` is `"REGISTRY_FULL"`. It says nothing of an
 * upstream, so a breaker around it counts it as ignored, unless its `classifyError` says otherwise.
 */
export class RegistryFullError extends CircuitBreakerError {
  constructor(name: string, maxBreakers: number) {
    super(
      `no room for circuit breaker "${name}": all ${maxBreakers} are open, steered by hand or in use`,
      FULL_CODE,
      { refused: true },
    );
  }

  static {
    nameErrorClass(RegistryFullError, "RegistryFullError");
  }
}

interface Entry {
  readonly breaker: CircuitBreaker;
  readonly settings: Settings;
  usedMs: number;
}

const defaultsField: Field<NamedBreakerOptions> = {
  absent: {},
  read(value, label) {
    const options = readNamed(value, label);
    readSettings(options);
    return options;
  },
};

/** Checks that options are an object without a name: a breaker has that under which it is asked for. */
function readNamed(value: unknown, label: string): NamedBreakerOptions {
  const options = readRecord(value, label);
  if (options.name === undefined) return options;
  throw new TypeError(`${label} has a name of its own, expected only that of the registry`);
}

const FIELDS = {
  maxBreakers: numberField(10_000, { min: 1, max: 10_000_000, whole: true }),
  idleTtlMs: numberField(Number.POSITIVE_INFINITY, SOME_MILLISECONDS),
  defaults: defaultsField,
  clock: objectField<Clock>(systemClock, ["now"]),
};

/**
 * Makes a registry that never holds more than `maxBreakers`.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
 *
 * @example
 * ```ts
 * import { createRegistry } from "dagger-circuit-breaker";
 *
 * const registry = createRegistry({ maxBreakers: 100, defaults: { resetTimeoutMs: 10_000 } });
 * const breaker = registry.get("api", { failureThreshold: 3 });
 * console.assert(registry.get("api") === breaker);
 * ```
 */
export function createRegistry(options?: RegistryOptions): Registry {
  return new BoundedRegistry(readOptions("createRegistry", options, FIELDS));
}

/**
 * Makes a registry that holds as many breakers as it is asked for and never evicts.
 *
 * @internal
 */
export function createUnboundedRegistry(): Registry {
  const maxBreakers = Number.POSITIVE_INFINITY;
  return new BoundedRegistry({ ...readOptions("createRegistry", {}, FIELDS), maxBreakers });
}

type Limits = Required<{ [K in keyof RegistryOptions]: NonNullable<RegistryOptions[K]> }>;

/** Holds its breakers in the order in which they were last asked for, the oldest first. */
class BoundedRegistry implements Registry {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: Limits;
  readonly #listeners = new Set<(breaker: CircuitBreaker) => unknown>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get(name: string, options?: NamedBreakerOptions): CircuitBreaker {
    const entry = this.#use(name);
    if (entry === undefined) return this.#make(name, options);
    if (options !== undefined) this.#compare(name, entry, options);
    return entry.breaker;
  }

  find(name: string): CircuitBreaker | undefined {
    return this.#use(name)?.breaker;
  }

  getAll(): ReadonlyMap<string, CircuitBreaker> {
    return new Map([...this.#entries].map(([name, { breaker }]) => [name, breaker]));
  }

  resetAll(): void {
    for (const { breaker } of this.#entries.values()) breaker.reset();
  }

  onBreaker(listener: (breaker: CircuitBreaker) => unknown): () => void {
    checkFunction(listener, "listener");
    // A function of its own, so that the same listener may be added twice.
    const own = (breaker: CircuitBreaker) =>
      askUser(
        this,
        "a registry",
        "a listener",
        () => listener(breaker),
        () => undefined,
      );
    this.#listeners.add(own);
    for (const { breaker } of [...this.#entries.values()]) own(breaker);
    return () => void this.#listeners.delete(own);
  }

  delete(name: string): boolean {
    return this.#entries.delete(name);
  }

  #use(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    entry.usedMs = this.#limits.clock.now();
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  #make(name: string, options: NamedBreakerOptions | undefined): CircuitBreaker {
    const nowMs = this.#limits.clock.now();
    const merged = { ...this.#merge(options), name };
    const { settings } = readSettings(merged);
    this.#makeRoom(name, nowMs);
    const breaker = new CircuitBreaker(merged);
    this.#entries.set(name, { breaker, settings, usedMs: nowMs });
    for (const listener of [...this.#listeners]) listener(breaker);
    return breaker;
  }

  #compare(name: string, entry: Entry, options: NamedBreakerOptions): void {
    const { settings } = readSettings(this.#merge(options));
    const difference = settingsDifference(entry.settings, settings);
    if (difference === undefined) return;
    throw new TypeError(
      `circuit breaker "${name}" is there with other options: ${difference}; expected the same, or none`,
    );
  }

  /** A trip policy of one's own replaces that of the defaults, in whichever of its two spellings. */
  #merge(options: NamedBreakerOptions = {}): NamedBreakerOptions {
    readNamed(options, "options");
    const own = Object.entries(options).filter(([, value]) => value !== undefined);
    const trips = options.failureThreshold !== undefined || options.trip !== undefined;
    const noTrip = trips ? { failureThreshold: undefined, trip: undefined } : {};
    return { ...this.#limits.defaults, ...noTrip, ...Object.fromEntries(own) };
  }

  #makeRoom(name: string, nowMs: number): void {
    const { maxBreakers, idleTtlMs } = this.#limits;
    for (const [other, { breaker, usedMs }] of this.#entries) {
      const full = this.#entries.size >= maxBreakers;
      if (!full && nowMs - usedMs < idleTtlMs) return;
      if (isIdle(breaker)) this.#entries.delete(other);
    }
    if (this.#entries.size >= maxBreakers) throw new RegistryFullError(name, maxBreakers);
  }
}

function isIdle(breaker: CircuitBreaker): boolean {
  const { state, control, inFlightCount } = breaker.getMetrics();
  return state === CircuitState.Closed && control === "automatic" && inFlightCount === 0;
}
