/**
 * One process of tests/fleet/sqlite-processes.test.ts. It sends successes to a SQLite store one by one,
 * each after an admission. For each reply it prints a line with a dot. Any error except "busy" is printed
 * and ends the process.
 *
 * Its arguments are the path of the store's module, the path of the database, and the number of successes.
 * 0 means forever.
 */

import { writeSync } from "node:fs";

const [, , module, path, times] = process.argv;
const { sqliteStore } = await import(module);
const store = sqliteStore({ path, busyTimeoutMs: 1000 });
const key = { scope: "default", name: "registry:docker.io" };
const policy = {
  badSeconds: 5,
  windowMs: 60_000,
  minimumReporters: 1,
  resetTimeoutMs: 60_000,
  maxOpenMs: 3_600_000,
  openTimeGrowthFactor: 1,
  openTimeJitter: 0,
  halfOpenMaxCalls: 1,
  halfOpenSuccessThreshold: 1,
  halfOpenProbeTimeoutMs: 60_000,
};
const admit = { kind: "admit", policy, count: 1, lease: `${process.pid}`, chance: 0 };
const settle = {
  kind: "settle",
  policy,
  successes: 1,
  failures: 0,
  leases: [],
  reporter: { id: `${process.pid}`, host: "host", run: null },
  failure: null,
  openNow: false,
  retryAfterMs: 0,
  chance: 0,
};

/** Repeats a command while the file is locked. A locked file on a busy machine is not a fault of the store. */
async function run(command) {
  for (;;) {
    try {
      return await store.run(key, command);
    } catch (error) {
      if (!/is busy/.test(error.message)) throw error;
    }
  }
}

try {
  for (let index = 0; times === "0" || index < Number(times); index += 1) {
    const { admitted, snapshot } = await run(admit);
    if (admitted !== 1) throw new Error("refused");
    await run({ ...settle, generation: snapshot.generation });
    writeSync(1, ".\n");
  }
} catch (error) {
  writeSync(1, `${error.code}: ${error.message}\n`);
}
await store.close();
