/** Shared circuits in a SQLite file: `dagger-circuit-breaker/sqlite`. Needs Node.js 22.13 or later. */

export { type SqliteStoreOptions, sqliteStore } from "./sqlite-store.js";
