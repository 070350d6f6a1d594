/** The interface of every store of shared circuits. */

import type { FleetCommand } from "./rules/command.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "./rules/reply.js";
import type { CircuitReport } from "./rules/report.js";
import type { FleetStoreError } from "./store-error.js";

/** The key of a circuit. */
export interface FleetKey {
  /**
   * The rate-limit scope: runs that share one egress address or account. 1 to 100 of the characters
   * `A-Z a-z 0-9 . _ : / @ -`.
   */
  readonly scope: string;
  /** The name of the breaker: 1 to 200 characters. */
  readonly name: string;
}

/** An entry of a list of circuits. */
export interface FleetEntry {
  readonly name: string;
  readonly snapshot: FleetSnapshot;
  /** The counts, if the list was asked for them and the store counts. */
  readonly report?: CircuitReport | undefined;
}

/** Creates the entry of a list from the reply to a read command. */
export function entryOf(name: string, { snapshot, report }: FleetReply): FleetEntry {
  return report === undefined ? { name, snapshot } : { name, snapshot, report };
}

/** Called for a circuit that a list omits because its data is unreadable. */
export type OnUnreadable = (name: string, error: FleetStoreError) => void;

/** Receives a change that any process caused. Pushes can be lost, and arrive in any order. */
export type FleetListener = (entry: FleetEntry) => void;

/**
 * Stores shared circuits by the rules of this package. Each command on one circuit is atomic.
 *
 * A command is sent at most once. If its reply is lost, it may or may not have been applied. A
 * store that cannot be reached rejects with a {@link FleetStoreError}. Deadlines are the caller's
 * task.
 */
export interface FleetStore {
  /** The kind of store in messages: `"redis"`, `"sqlite"`, `"http"`, `"memory"` or one of your own. */
  readonly kind: string;
  /** The default of `minimumReporters`: 1 for a store of one machine, otherwise 2. */
  readonly minimumReporters: number;
  /** Whether the store pushes changes of other processes, so that state may be cached. */
  readonly pushes: boolean;
  /** Connects if needed; `run` does so by itself. Rejects when the store cannot be reached. */
  open(): Promise<void>;
  run(key: FleetKey, command: FleetCommand): Promise<FleetReply>;
  /**
   * Returns the known circuits of a scope, by name; at most 10,000.
   *
   * @param onUnreadable Called for each circuit that is omitted because its data is unreadable. A
   * store need not support it.
   * @param withReports Whether to return the counts of each circuit too.
   */
  list(
    scope: string,
    onUnreadable?: OnUnreadable,
    withReports?: boolean,
  ): Promise<readonly FleetEntry[]>;
  /**
   * Returns the scopes that have circuits, by name; at most 10,000. A store that has this method accepts
   * all commands. One without it receives no `tell`, and no `reporter` and `faults`.
   */
  scopes?(): Promise<readonly string[]>;
  /** Returns the last 100 changes of a circuit, oldest first. */
  history(key: FleetKey): Promise<readonly FleetChange[]>;
  /** Calls `listener` with every change in a scope. Returns a function that stops it. */
  subscribe(scope: string, listener: FleetListener): () => void;
  /** Closes connections and timers. Commands in flight are answered or rejected. */
  close(): Promise<void>;
}
