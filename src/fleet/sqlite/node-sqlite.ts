/**
 * Loads SQLite from Node.js, if this version contains it. Declares types for only the parts that
 * this package uses.
 */

import { FleetStoreError } from "../store-error.js";

/** The possible types of a column value. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** A compiled SQL statement. */
export interface SqliteStatement {
  get(...parameters: SqliteValue[]): Readonly<Record<string, SqliteValue>> | undefined;
  all(...parameters: SqliteValue[]): readonly Readonly<Record<string, SqliteValue>>[];
  run(...parameters: SqliteValue[]): { readonly lastInsertRowid: number | bigint };
}

/** A connection to a database file. */
export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteConnection;
}

/**
 * Loads the SQLite module of Node.js.
 *
 * @throws FleetStoreError if this version of Node.js has no SQLite.
 */
export function loadSqlite(): SqliteModule {
  const module = withoutWarning(() => process.getBuiltinModule("node:sqlite"));
  if (module !== undefined) return module as SqliteModule;
  throw new FleetStoreError(
    `sqlite: stores need Node.js 22.13 or later (this is ${process.versions.node})`,
  );
}

/**
 * Loads a module without one warning. Node.js 22 warns that SQLite is experimental, and this
 * warning would precede the output of every command. All other warnings still appear.
 */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (/^SQLite is an experimental feature/.test(String(warning))) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
