/**
 * Reads and writes circuits over one connection to a SQLite file. Also creates the tables, and
 * notices when the file was deleted or replaced.
 */

import { closeSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../folders.js";
import { type FleetChange, MAX_HISTORY } from "../rules/reply.js";
import { keepForMs } from "../rules/retention.js";
import type { FleetState } from "../rules/state.js";
import type { FleetKey } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { loadSqlite, type SqliteConnection, type SqliteStatement } from "./node-sqlite.js";

/**
 * The maximum number of circuits. If the file is full, the circuit that expires first is deleted.
 */
const MAX_CIRCUITS = 10_000;

/**
 * Milliseconds between two deletions of expired circuits. A deletion reads every row, so it must be
 * rare.
 */
const CLEAR_EVERY_MS = 60_000;

/** Number of circuits to read before other events get a turn. */
export const LIST_PAGE = 10;

/** SQLite's application id, which marks a file as one of this package: "dcb1" in ASCII. */
const APPLICATION_ID = 0x64636231;
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE circuits (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    kept_until_ms INTEGER NOT NULL,
    UNIQUE (scope, name)
  ) STRICT;
  CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    circuit_id INTEGER NOT NULL REFERENCES circuits (id) ON DELETE CASCADE,
    change TEXT NOT NULL
  ) STRICT;
  CREATE INDEX changes_of_circuit ON changes (circuit_id, id);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** A circuit as read from the file. */
export interface StoredCircuit {
  readonly id: number;
  /** Parses the state of the circuit. Throws if the state is invalid. */
  readonly read: () => FleetState;
}

/** An open SQLite file with circuits. Every method is synchronous and throws SQLite's errors. */
export class CircuitFile {
  readonly #connection: SqliteConnection;
  readonly #path: string;
  readonly #inode: bigint | undefined;
  readonly #statements = new Map<string, SqliteStatement>();
  /**
   * The last state that was read or written, with its text. The same text need not be parsed again.
   */
  #last: { readonly text: string; readonly state: FleetState } | undefined;
  #clearAtMs = 0;

  /**
   * Opens a file. Creates the file and its folders if they are missing, with access for the owner
   * only.
   *
   * @throws FleetStoreError when the file belongs to another program. Errors of SQLite and of the
   * file system.
   */
  constructor(path: string) {
    const { DatabaseSync } = loadSqlite();
    makeFolder(dirname(path));
    // Checks the type of the file before opening it. Opening a named pipe would block the process
    // until the other end is opened.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      throw new FleetStoreError(`${path} is not a regular file; use an SQLite file or a new path`);
    }
    // Creates the file here, because SQLite would create a file that all users can read. SQLite
    // gives its additional files the same mode.
    closeSync(openSync(path, "a", 0o600));
    this.#path = path;
    this.#inode = inodeOf(path);
    this.#connection = new DatabaseSync(path);
    try {
      // SQLite must not wait for locks by itself, because `patiently` does.
      this.#connection.exec("PRAGMA busy_timeout = 0");
      this.#prepareFile();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Returns whether the file was deleted or replaced by another file. */
  isGone(): boolean {
    return inodeOf(this.#path) !== this.#inode;
  }

  /** Runs `work` in one transaction. Rolls the transaction back if `work` throws. */
  write<T>(work: () => T): T {
    this.#statement("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#statement("COMMIT").run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Finds a circuit that has not expired. Does not parse its state yet. */
  find({ scope, name }: FleetKey, nowMs: number): StoredCircuit | undefined {
    const row = this.#statement(
      "SELECT id, state FROM circuits WHERE scope = ? AND name = ? AND kept_until_ms > ?",
    ).get(scope, name, nowMs);
    return row && { id: Number(row.id), read: () => this.#stateOf(String(row.state)) };
  }

  /**
   * Stores a state and its new changes. `id` is the id that {@link find} returned in the same
   * transaction.
   */
  keep(
    { scope, name }: FleetKey,
    id: number | undefined,
    state: FleetState,
    changes: readonly FleetChange[],
  ): void {
    const text = JSON.stringify(state);
    this.#last = { text, state };
    const untilMs = state.nowMs + keepForMs(state);
    if (id !== undefined) {
      this.#statement("UPDATE circuits SET state = ?, kept_until_ms = ? WHERE id = ?").run(
        text,
        untilMs,
        id,
      );
      this.#keepChanges(id, changes);
      return;
    }
    this.#makeRoom({ scope, name }, state.nowMs);
    const added = this.#statement(
      "INSERT INTO circuits (scope, name, state, kept_until_ms) VALUES (?, ?, ?, ?)",
    ).run(scope, name, text, untilMs);
    this.#keepChanges(Number(added.lastInsertRowid), changes);
  }

  /**
   * Returns up to `LIST_PAGE` circuits of a scope, sorted by name. Starts with the first name after
   * `after`.
   */
  list(
    scope: string,
    after: string,
    nowMs: number,
  ): readonly { readonly name: string; readonly read: () => FleetState }[] {
    return this.#statement(
      "SELECT name, state FROM circuits WHERE scope = ? AND name > ? AND kept_until_ms > ? ORDER BY name LIMIT ?",
    )
      .all(scope, after, nowMs, LIST_PAGE)
      .map(({ name, state }) => ({ name: String(name), read: () => JSON.parse(String(state)) }));
  }

  /** Returns the scopes that have circuits, sorted by name. */
  scopes(nowMs: number): readonly string[] {
    return this.#statement(
      "SELECT DISTINCT scope FROM circuits WHERE kept_until_ms > ? ORDER BY scope",
    )
      .all(nowMs)
      .map(({ scope }) => String(scope));
  }

  /** Returns the changes of a circuit, oldest first. */
  changesOf(id: number): readonly FleetChange[] {
    return this.#statement("SELECT change FROM changes WHERE circuit_id = ? ORDER BY id")
      .all(id)
      .map(({ change }) => JSON.parse(String(change)));
  }

  close(): void {
    this.#connection.close();
  }

  #stateOf(text: string): FleetState {
    if (this.#last?.text !== text) this.#last = { text, state: JSON.parse(text) };
    return this.#last.state;
  }

  #keepChanges(id: number, changes: readonly FleetChange[]): void {
    if (changes.length === 0) return;
    for (const change of changes) {
      this.#statement("INSERT INTO changes (circuit_id, change) VALUES (?, ?)").run(
        id,
        JSON.stringify(change),
      );
    }
    this.#statement(
      `DELETE FROM changes WHERE circuit_id = ? AND id <= (
        SELECT id FROM changes WHERE circuit_id = ? ORDER BY id DESC LIMIT 1 OFFSET ${MAX_HISTORY}
      )`,
    ).run(id, id);
  }

  /**
   * Makes room for a new circuit. Deletes expired circuits, and if the file is still full, also the
   * circuit that expires first.
   */
  #makeRoom({ scope, name }: FleetKey, nowMs: number): void {
    this.#statement("DELETE FROM circuits WHERE scope = ? AND name = ?").run(scope, name);
    if (nowMs >= this.#clearAtMs) {
      this.#statement("DELETE FROM circuits WHERE kept_until_ms <= ?").run(nowMs);
      this.#clearAtMs = nowMs + CLEAR_EVERY_MS;
    }
    const { count } = this.#statement("SELECT count(*) AS count FROM circuits").get() ?? {};
    if (Number(count) < MAX_CIRCUITS) return;
    this.#statement(
      "DELETE FROM circuits WHERE id = (SELECT id FROM circuits ORDER BY kept_until_ms, id LIMIT 1)",
    ).run();
  }

  /**
   * Creates the tables in an empty file. Another process may create them at the same time, so the
   * check is repeated inside the transaction.
   */
  #prepareFile(): void {
    if (this.#atOneMoment(() => this.#isOurs())) {
      this.#connection.exec("PRAGMA synchronous = NORMAL");
      return;
    }
    this.#connection.exec("PRAGMA journal_mode = WAL");
    this.#connection.exec("PRAGMA synchronous = NORMAL");
    this.write(() => {
      if (!this.#isOurs()) this.#connection.exec(SCHEMA);
    });
  }

  /**
   * Runs several reads in one transaction. Without a transaction, another process could create the
   * tables between two reads. The file would then look like the database of another program.
   */
  #atOneMoment<T>(reads: () => T): T {
    this.#connection.exec("BEGIN");
    try {
      return reads();
    } finally {
      this.#rollBack();
    }
  }

  /**
   * Returns whether the file belongs to this package. Returns false for an empty file, and throws
   * for the file of another program.
   */
  #isOurs(): boolean {
    const application = Number(this.#pragma("application_id"));
    const version = Number(this.#pragma("user_version"));
    if (application === APPLICATION_ID) {
      if (version === SCHEMA_VERSION) return true;
      throw new FleetStoreError(
        `${this.#path} has schema version ${version}, but this version of dagger-circuit-breaker needs ${SCHEMA_VERSION}; use another file`,
      );
    }
    const { count } = this.#statement("SELECT count(*) AS count FROM sqlite_schema").get() ?? {};
    if (application === 0 && version === 0 && Number(count) === 0) return false;
    throw new FleetStoreError(`${this.#path} is the database of another program; use another file`);
  }

  #pragma(name: string): unknown {
    return this.#statement(`PRAGMA ${name}`).get()?.[name];
  }

  #rollBack(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // Ignored: SQLite rolls back by itself after some errors, such as a full disk.
    }
  }

  #statement(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
