/**
 * Exports `dagger-circuit-breaker/sqlite`: shared circuits in a SQLite file. Needs Node.js 22.13 or
 * later.
 */

export { type SqliteStoreOptions, sqliteStore } from "./sqlite-store.js";
