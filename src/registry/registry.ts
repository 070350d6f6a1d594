/** Keeps breakers by name, with one breaker for each name. */

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

/** The options of a breaker in a registry. The registry sets the name. */
export type NamedBreakerOptions = Omit<CircuitBreakerOptions, "name">;

/** Options of `createRegistry`. */
export interface RegistryOptions {
  /**
   * Maximum number of breakers, 1 to 10,000,000. A full registry evicts the least recently used
   * idle breaker. A breaker is idle if it is closed, is under automatic control and has no call in
   * flight. Default: 10,000.
   */
  readonly maxBreakers?: number | undefined;
  /**
   * Milliseconds without use after which an idle breaker may be evicted, even if the registry has
   * room. Above 0. Default: never.
   */
  readonly idleTtlMs?: number | undefined;
  /** Options of every breaker. Options passed to `get` take precedence. Default: none. */
  readonly defaults?: NamedBreakerOptions | undefined;
  /** The source of time for `idleTtlMs`. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
}

/** A collection of breakers, each with its own name. */
export interface Registry {
  /**
   * Returns the breaker with this name. Creates it if it does not exist.
   *
   * @param options Options of a new breaker. If the breaker exists, they must equal its options.
   * Omit them to accept any options.
   * @throws RegistryFullError when the registry is full and has no idle breaker to evict. TypeError
   * when the options differ from those of the existing breaker; the message shows both values.
   * Errors of the breaker's constructor.
   */
  get(name: string, options?: NamedBreakerOptions): CircuitBreaker;
  /** Returns the breaker with this name, or undefined. Counts as a use of the breaker. */
  find(name: string): CircuitBreaker | undefined;
  /**
   * Returns the present breakers by name. Later changes of the registry do not affect the result.
   */
  getAll(): ReadonlyMap<string, CircuitBreaker>;
  /** Resets every breaker. A breaker that is isolated or otherwise controlled by hand stays so. */
  resetAll(): void;
  /**
   * Calls `listener` with every existing breaker, and with every new breaker before its first call.
   * Use it to attach logs and metrics. An error in the listener affects no call and causes one
   * process warning.
   *
   * @returns A function that removes the listener. Logs and metrics that are already attached to
   * breakers stay attached.
   */
  onBreaker(listener: (breaker: CircuitBreaker) => unknown): () => void;
  /**
   * Removes a breaker from the registry. Code that holds the breaker can keep using it. Returns
   * whether the breaker existed.
   */
  delete(name: string): boolean;
}

const FULL_CODE = "REGISTRY_FULL";

/**
 * Returns whether `error` is a {@link RegistryFullError}, also one from another copy of the
 * package.
 */
export function isRegistryFullError(error: unknown): error is RegistryFullError {
  return isCircuitBreakerError(error) && error.code === FULL_CODE;
}

/**
 * The error of a registry that has no room for another breaker. `code` is `"REGISTRY_FULL"`. If the
 * error occurs inside a call of another breaker, that breaker ignores it by default.
 */
export class RegistryFullError extends CircuitBreakerError {
  constructor(name: string, maxBreakers: number) {
    super(
      `no room for circuit breaker "${name}": all ${maxBreakers} places have breakers that are open, controlled by hand or in use`,
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

/**
 * Returns the options if they are an object without a name. Throws otherwise, because the registry
 * sets the name.
 */
function readNamed(value: unknown, label: string): NamedBreakerOptions {
  const options = readRecord(value, label);
  if (options.name === undefined) return options;
  throw new TypeError(`${label} contains a "name", expected none: the registry sets it`);
}

const FIELDS = {
  maxBreakers: numberField(10_000, { min: 1, max: 10_000_000, whole: true }),
  idleTtlMs: numberField(Number.POSITIVE_INFINITY, SOME_MILLISECONDS),
  defaults: defaultsField,
  clock: objectField<Clock>(systemClock, ["now"]),
};

/**
 * Creates a registry with at most `maxBreakers` breakers.
 *
 * @throws TypeError or RangeError for an invalid option. The message contains the option, its value
 * and the expected value.
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
 * Creates a registry that has no limit and never evicts.
 *
 * @internal
 */
export function createUnboundedRegistry(): Registry {
  const maxBreakers = Number.POSITIVE_INFINITY;
  return new BoundedRegistry({ ...readOptions("createRegistry", {}, FIELDS), maxBreakers });
}

type Limits = Required<{ [K in keyof RegistryOptions]: NonNullable<RegistryOptions[K]> }>;

/**
 * A registry that keeps its breakers in order of last use, oldest first. The next breaker to evict
 * is then near the start.
 */
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
    // Wraps the listener in a new function, because a set would keep the same listener only
    // once.
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
    const { idleTtlMs, clock } = this.#limits;
    if (idleTtlMs !== Number.POSITIVE_INFINITY) entry.usedMs = clock.now();
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
      `circuit breaker "${name}" already exists with other options: ${difference}; expected the same options, or none`,
    );
  }

  /**
   * Merges options with the defaults. A trip policy in `options` (`trip` or `failureThreshold`)
   * replaces the default policy as a whole.
   */
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
