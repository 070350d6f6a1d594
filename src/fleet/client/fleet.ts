/** Shares the circuits of this process's breakers with other processes. */

import { randomUUID } from "node:crypto";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { systemClock } from "../../breaker/clock.js";
import { Emitter, type Listener } from "../../breaker/events.js";
import {
  checkFunction,
  checkText,
  type Field,
  numberField,
  readOptions,
  SOME_MILLISECONDS,
  wordField,
} from "../../options/check.js";
import type { Registry } from "../../registry/registry.js";
import { isReply } from "../reply-shape.js";
import type { ControlCommand } from "../rules/command.js";
import type { FleetChange, FleetSnapshot } from "../rules/reply.js";
import type { FleetEntry, FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { askWhileBusy } from "../while-busy.js";
import { within } from "../within.js";
import { CircuitTable } from "./circuit/circuit-table.js";
import { checkCircuitName, isCircuit } from "./circuit-name.js";
import { type ControlOptions, FleetControl, type IsolateOptions } from "./fleet-control.js";
import { FLEET_EVENT_NAMES, type FleetEvents } from "./fleet-events.js";
import type { FleetMetrics } from "./fleet-metrics.js";
import {
  type FleetMode,
  type FleetOptions,
  type FleetSettings,
  readFleetOptions,
} from "./fleet-options.js";
import { StoreLink } from "./link/store-link.js";
import { RunTeller } from "./run-teller.js";
import { SharedCircuitBreaker } from "./shared-circuit-breaker.js";
import { policyOf } from "./shared-policy.js";
import { type SharedRegistry, sharedRegistry } from "./shared-registry.js";
import { StoreWatch } from "./store-watch.js";

/** Options of {@link Fleet.share}. */
export interface ShareOptions {
  /** The name of the shared circuit: 1 to 200 characters. Default: the name of the breaker. */
  readonly name?: string | undefined;
}

/** Options of {@link Fleet.open}. */
export interface OpenOptions {
  /** The longest wait for the connection in milliseconds, above 0. Default: 1,000. */
  readonly timeoutMs?: number | undefined;
}

const STORE_LIMIT_MS = 1000;
/**
 * Milliseconds before the time limit at which retries of a busy store end. The caller then gets the
 * store's own error instead of a timeout.
 */
const CONTROL_MARGIN_MS = 100;

const openField = numberField(1000, SOME_MILLISECONDS);

const nameField: Field<string | undefined> = {
  absent: undefined,
  read: checkCircuitName,
};

/**
 * Creates a fleet, which shares breakers with the other processes of a scope.
 *
 * @throws TypeError or RangeError for an invalid option, with its value and the expected value.
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 * import { createFleet, memoryStore } from "dagger-circuit-breaker/fleet";
 *
 * const fleet = createFleet({ store: memoryStore() });
 * const local = new CircuitBreaker({ name: "api", trip: { badSeconds: 5, windowMs: 60_000 } });
 * const shared = fleet.share(local);
 * console.assert((await shared.execute(() => "hello")) === "hello");
 * await fleet.close();
 * ```
 */
export function createFleet(options: FleetOptions): Fleet {
  return new Fleet(readFleetOptions(options));
}

/** The breakers of this process that share a store. Created by {@link createFleet}. */
export class Fleet {
  readonly #settings: FleetSettings;
  readonly #link: StoreLink;
  readonly #emitter: Emitter<FleetEvents>;
  readonly #control: FleetControl;
  /** @internal */
  readonly table: CircuitTable;
  readonly #watch: StoreWatch;
  /** @internal */
  readonly runs: RunTeller;
  readonly #shared = new WeakMap<CircuitBreaker, Map<string, SharedCircuitBreaker>>();
  #downSinceMs = 0;
  #droppedCount = 0;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(settings: FleetSettings) {
    const { scope, mode, reporter } = settings;
    const leases = namesOfLeases();
    this.#settings = settings;
    this.#emitter = new Emitter(`the fleet of scope "${scope}"`);
    this.#link = new StoreLink({ ...settings, onEdge: (reason) => this.#edge(reason) });
    this.#control = new FleetControl((name, command) => this.#steer(name, command));
    this.table = new CircuitTable({
      scope,
      link: this.#link,
      cached: mode === "cached",
      reporter,
      nextLease: () => leases.next().value,
      announce: (name, event) => this.#announce(name, event),
      dropped: (count) => {
        this.#droppedCount += count;
      },
    });
    const parts = { scope, link: this.#link, table: this.table };
    this.#watch = new StoreWatch(parts);
    this.runs = new RunTeller(parts);
  }

  /** The rate-limit scope; see `FleetOptions.scope`. */
  get scope(): string {
    return this.#settings.scope;
  }

  /** The calls for which the fleet asks the store; see `FleetOptions.mode`. */
  get mode(): FleetMode {
    return this.#settings.mode;
  }

  /** The kind of the store, such as `"redis"`. */
  get store(): string {
    return this.#settings.kind;
  }

  /**
   * Connects to the store. You need not call it: without a connection, local circuits decide.
   *
   * @returns True once the fleet is connected; false if the store is down. Never rejects for that
   * reason.
   * @throws TypeError or RangeError for invalid options (as a rejection).
   */
  async open(options?: OpenOptions): Promise<boolean> {
    const { timeoutMs } = readOptions("open", options, { timeoutMs: openField });
    const isOpen = await this.#link.open(timeoutMs);
    if (isOpen && this.mode === "cached") this.#watch.start();
    return isOpen;
  }

  /**
   * Returns the shared breaker for a local breaker and a name. Each call returns the same object.
   *
   * @throws TypeError if `breaker` is not a breaker, or if its trip policy does not count bad
   * seconds. RangeError for more than 60 bad seconds or 1,000 probes.
   */
  share(breaker: CircuitBreaker, options?: ShareOptions): SharedCircuitBreaker {
    if (!(breaker instanceof CircuitBreaker)) {
      throw new TypeError("breaker is not a CircuitBreaker of this package, expected one to share");
    }
    const { name = breaker.name } = readOptions("share", options, { name: nameField });
    checkCircuitName(name, "the name of the breaker");
    const known = this.#shared.get(breaker);
    const there = known?.get(name);
    if (there !== undefined) return there;
    const { settings } = CircuitBreaker.machineOf(breaker);
    const policy = policyOf(breaker.name, settings);
    const circuit = this.table.get(name, policy, settings.clock);
    const shared = new SharedCircuitBreaker(breaker, circuit, this.#control);
    this.#shared.set(breaker, (known ?? new Map()).set(name, shared));
    if (this.mode === "cached") this.#watch.start();
    return shared;
  }

  /**
   * Returns a registry that shares every breaker of a given registry. The limits and listeners of
   * the given registry still apply.
   */
  registry(registry: Registry): SharedRegistry {
    return sharedRegistry(registry, (breaker) => this.share(breaker));
  }

  /**
   * Rejects every call in all processes until `release`, or until `expiresInMs` is over.
   *
   * @returns The state of the circuit after the command.
   * @throws FleetStoreError (as a rejection) if the store does not answer. Throws a TypeError or
   * RangeError at once for an invalid option, with its value and the expected value.
   */
  isolate(name: string, options: IsolateOptions): Promise<FleetSnapshot> {
    return this.#control.isolate(name, options);
  }

  /** Ends an isolation, and closes the circuit with an empty window. Throws as `isolate` does. */
  release(name: string, options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.release(name, options);
  }

  /** Closes a circuit and empties its window. Keeps an isolation. Throws as `isolate` does. */
  reset(name: string, options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.reset(name, options);
  }

  /**
   * Returns the circuits of the scope that the store knows, sorted by name.
   *
   * @throws FleetStoreError (as a rejection) if the store does not answer.
   */
  async status(): Promise<readonly FleetEntry[]> {
    return (await this.ask((store) => store.list(this.scope))).filter(isCircuit);
  }

  /** @internal Asks the store once, even if the store is down. */
  ask<T>(question: (store: FleetStore) => Promise<T>): Promise<T> {
    return this.#link.demand(question, STORE_LIMIT_MS);
  }

  /**
   * Returns the last changes of a circuit, oldest first; at most 100.
   *
   * @throws FleetStoreError (as a rejection) if the store does not answer.
   */
  history(name: string): Promise<readonly FleetChange[]> {
    const key = { scope: this.scope, name: checkText(name, "name", 200) };
    return this.ask((store) => store.history(key));
  }

  /** Returns the state and the counters as plain data. Does not ask the store. */
  getMetrics(): FleetMetrics {
    return {
      scope: this.scope,
      mode: this.mode,
      store: this.store,
      storeUp: this.#link.isUp,
      sharedCount: this.table.size,
      commands: this.#link.counts,
      droppedCount: this.#droppedCount,
      lastProblem: this.#link.lastProblem,
    };
  }

  /**
   * Adds a listener for `storeDown` or `storeUp`, or for `change` or `rejected` of all shared
   * circuits. Listeners follow the rules for listeners of a breaker.
   *
   * @returns A function that removes the listener.
   */
  on<N extends keyof FleetEvents>(event: N, listener: Listener<FleetEvents[N]>): () => void {
    EVENT.read(event, "event");
    checkFunction(listener, "listener");
    return this.#emitter.on(event, listener);
  }

  /** Sends all waiting outcomes now. Resolves once they are answered or dropped. */
  async flush(): Promise<void> {
    this.table.flush();
    await new Promise((resolve) => setImmediate(resolve));
    await this.#link.idle();
  }

  /**
   * Sends waiting outcomes, for at most one second, and disconnects from the store. After that,
   * local circuits decide. Never rejects. Further calls do nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watch.stop();
    // This wait keeps the process alive, because sending the last outcomes may be the only work
    // that is left.
    await within(this.flush(), STORE_LIMIT_MS).catch(() => undefined);
    await this.#link.close(this.#settings.ownsStore, STORE_LIMIT_MS);
    this.table.flush();
  }

  async #steer(name: string, command: ControlCommand): Promise<FleetSnapshot> {
    const key = { scope: this.scope, name };
    const number = this.#link.nextNumber();
    const startedMs = systemClock.now();
    const run = (store: FleetStore) =>
      askWhileBusy(() => store.run(key, command), STORE_LIMIT_MS - CONTROL_MARGIN_MS);
    const reply = await this.#link.demand(run, STORE_LIMIT_MS);
    if (!isReply(reply, 0)) throw new FleetStoreError("the store gave an invalid reply");
    this.table.find(name)?.hearReply(reply, number, systemClock.now() - startedMs);
    return reply.snapshot;
  }

  #edge(reason: string | undefined): void {
    if (reason === undefined) {
      const downMs = Math.round(systemClock.now() - this.#downSinceMs);
      this.#announce("storeUp", { store: this.store, downMs });
      this.#watch.refresh();
      return;
    }
    this.#downSinceMs = systemClock.now();
    this.#announce("storeDown", { store: this.store, reason });
  }

  #announce<N extends keyof FleetEvents>(name: N, event: FleetEvents[N]): void {
    this.#emitter.enqueue(name, event);
    this.#emitter.deliver();
  }
}

/** Yields names for probe leases. Each name is unique in the store. */
function* namesOfLeases(): Generator<string, never> {
  const id = randomUUID();
  for (let number = 1; ; number += 1) yield `${id}-${number}`;
}

const EVENT = wordField<keyof FleetEvents>("change", FLEET_EVENT_NAMES);
