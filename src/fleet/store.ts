/** The port that every store of shared circuits implements, and the one place for what all must keep. */

import type { FleetCommand } from "./rules/command.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "./rules/reply.js";
import type { FleetStoreError } from "./store-error.js";

/** Which circuit is meant. */
export interface FleetKey {
  /**
   * Who is limited together, as an egress address or an account: 1 to 100 of the characters
   * `A-Z a-z 0-9 . _ : / @ -`.
   */
  readonly scope: string;
  /** The name of the breaker: 1 to 200 characters. */
  readonly name: string;
}

/** A circuit as a list shows it. */
export interface FleetEntry {
  readonly name: string;
  readonly snapshot: FleetSnapshot;
}

/** Hears of a circuit that a list leaves out, and why. */
export type OnUnreadable = (name: string, error: FleetStoreError) => void;

/** Hears of a change that anybody has caused. Pushes can be lost, and come in any order. */
export type FleetListener = (entry: FleetEntry) => void;

/**
 * Keeps shared circuits by the rules of this folder, each command on one circuit as one step that
 * nothing comes between.
 *
 * A command is sent at most once: one whose answer is lost may or may not have been applied. A store
 * that cannot be reached rejects with a {@link FleetStoreError}; deadlines are the caller's.
 */
export interface FleetStore {
  /** What it is, in messages: `"redis"`, `"sqlite"`, `"http"`, `"memory"` or one of your own. */
  readonly kind: string;
  /** `minimumReporters` where nobody says otherwise: 1 for what only one machine uses, else 2. */
  readonly minimumReporters: number;
  /** Whether others push their changes, so that state may be cached. */
  readonly pushes: boolean;
  /** Connects if that is needed; `run` does so by itself. Rejects when it cannot be reached. */
  open(): Promise<void>;
  run(key: FleetKey, command: FleetCommand): Promise<FleetReply>;
  /**
   * The circuits of a scope that are known, by name; at most 10,000.
   *
   * @param onUnreadable Hears of each circuit that is left out because what is kept of it cannot be
   * read. A store may have none.
   */
  list(scope: string, onUnreadable?: OnUnreadable): Promise<readonly FleetEntry[]>;
  /** The last 100 changes of a circuit, the oldest first. */
  history(key: FleetKey): Promise<readonly FleetChange[]>;
  /** Calls `listener` with every change in a scope. Returns how to stop. */
  subscribe(scope: string, listener: FleetListener): () => void;
  /** Ends connections and timers. Commands on their way are answered or rejected. */
  close(): Promise<void>;
}
