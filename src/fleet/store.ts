/** Declares the interface of every store of shared circuits. */

import type { FleetCommand } from "./rules/command.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "./rules/reply.js";
import type { CircuitReport } from "./rules/report.js";
import type { FleetStoreError } from "./store-error.js";

/** The key of a circuit in a store. */
export interface FleetKey {
  /**
   * The rate-limit scope. Runs in one scope share an egress address or account. 1 to 100 of the
   * characters `A-Z a-z 0-9 . _ : / @ -`.
   */
  readonly scope: string;
  /** The name of the breaker: 1 to 200 characters. */
  readonly name: string;
}

/** One circuit in a list of circuits. */
export interface FleetEntry {
  readonly name: string;
  readonly snapshot: FleetSnapshot;
  /**
   * The counts of the circuit. Undefined if the caller did not ask for counts, or if the store
   * keeps none.
   */
  readonly report?: CircuitReport | undefined;
}

/** Creates the entry of a list from the reply to a read command. */
export function entryOf(name: string, { snapshot, report }: FleetReply): FleetEntry {
  return report === undefined ? { name, snapshot } : { name, snapshot, report };
}

/** A callback for each circuit that a list omits because its data is unreadable. */
export type OnUnreadable = (name: string, error: FleetStoreError) => void;

/**
 * Receives each change of a circuit, also changes from other processes. Changes can be lost, and
 * can arrive in any order.
 */
export type FleetListener = (entry: FleetEntry) => void;

/**
 * A store of shared circuits. A store applies the rules of this package, and runs each command on
 * one circuit atomically.
 *
 * A store applies a command at most once. If the reply is lost, the command may or may not have
 * been applied. A store that cannot be reached rejects with a {@link FleetStoreError}. The caller
 * must set deadlines, because a store has none of its own.
 */
export interface FleetStore {
  /**
   * The kind of store, for messages: `"redis"`, `"sqlite"`, `"http"`, `"memory"`, or another word
   * for a store of your own.
   */
  readonly kind: string;
  /** The default of `minimumReporters`: 1 for a store that serves one machine, otherwise 2. */
  readonly minimumReporters: number;
  /**
   * Whether the store pushes changes from other processes. If true, a process may cache the state
   * of circuits.
   */
  readonly pushes: boolean;
  /**
   * Connects to the store. You need not call it, because `run` connects if needed. Rejects if the
   * store cannot be reached.
   */
  open(): Promise<void>;
  run(key: FleetKey, command: FleetCommand): Promise<FleetReply>;
  /**
   * Returns the known circuits of a scope, sorted by name; at most 10,000.
   *
   * @param onUnreadable Called for each circuit that the list omits because its data is unreadable.
   * A store may ignore this parameter.
   * @param withReports Whether each entry also contains the counts of its circuit.
   */
  list(
    scope: string,
    onUnreadable?: OnUnreadable,
    withReports?: boolean,
  ): Promise<readonly FleetEntry[]>;
  /**
   * Returns the circuits of {@link list}, a few at a time, so that the caller need not keep the
   * whole list. A store need not have this method.
   */
  pages?(...given: Parameters<FleetStore["list"]>): AsyncIterable<readonly FleetEntry[]>;
  /**
   * Returns the scopes that have circuits, sorted by name; at most 10,000. A store that has this
   * method must accept all commands. A store without this method receives no `tell` command, and no
   * `reporter` and `faults` in other commands.
   */
  scopes?(): Promise<readonly string[]>;
  /** Returns the last changes of a circuit, oldest first; at most 100. */
  history(key: FleetKey): Promise<readonly FleetChange[]>;
  /**
   * Calls `listener` for every change in a scope. Returns a function that ends the subscription.
   */
  subscribe(scope: string, listener: FleetListener): () => void;
  /** Closes connections and stops timers. Commands in flight are answered or rejected. */
  close(): Promise<void>;
}
