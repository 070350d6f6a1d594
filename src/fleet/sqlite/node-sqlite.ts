/** Loads SQLite from Node.js, where it is there; the types are those of what is used here. */

import { FleetStoreError } from "../store-error.js";

/** What a row may hold. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** A statement that has been compiled. */
export interface SqliteStatement {
  get(...parameters: SqliteValue[]): Readonly<Record<string, SqliteValue>> | undefined;
  all(...parameters: SqliteValue[]): readonly Readonly<Record<string, SqliteValue>>[];
  run(...parameters: SqliteValue[]): { readonly lastInsertRowid: number | bigint };
}

/** One connection to a database file. */
export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteConnection;
}

/**
 * Loads the module.
 *
 * @throws FleetStoreError where this Node.js has none.
 */
export function loadSqlite(): SqliteModule {
  const module = withoutWarning(() => process.getBuiltinModule("node:sqlite"));
  if (module !== undefined) return module as SqliteModule;
  throw new FleetStoreError(
    `a store of shared circuits in SQLite needs Node.js 22.13 or later, this is ${process.versions.node}`,
  );
}

/**
 * Node.js 22 warns when the module is loaded that SQLite is experimental, which would stand before
 * the output of every command. Only that warning is held back, and only while it is loaded.
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
