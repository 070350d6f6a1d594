/** The other processes of the fleet suites: one waits for a circuit to open, and others make calls. */

import { sqliteStore } from "../../dist/fleet/sqlite/index.js";
import { isCircuitBreakerOpenError } from "../../dist/index.js";
import { operation } from "../contenders/contenders.mjs";
import { openFleet, share } from "../fleet.mjs";

const ROLES = { watch, calls };

const [role, url, mode] = process.argv.slice(2);
process.once("disconnect", () => process.exit(0));
const fleet = await openFleet({ store: storeAt(url), mode });
process.on("message", (task) => ROLES[role](task));
process.send("ready");

/**
 * Opens a store. SQLite gets the longest busy timeout, because a call without the store would not be
 * measured.
 */
function storeAt(url) {
  const [, path] = /^sqlite:(.*)$/.exec(url) ?? [];
  return path === undefined ? url : sqliteStore({ path, busyTimeoutMs: 1000 });
}

/** Reports that the circuit is closed in this process. Later reports when the circuit rejects calls. */
async function watch({ name }) {
  const shared = share(fleet, name);
  await shared.execute(operation);
  const isRefused = mode === "cached" ? pushed(shared) : asked(shared);
  process.send("closed");
  await isRefused;
  process.send({ seenNs: process.hrtime.bigint().toString() });
}

/** Resolves when a push of the store has made the circuit reject calls. */
function pushed(shared) {
  return new Promise((resolve) => {
    shared.on("change", () => {
      if (!shared.check().admits) resolve();
    });
  });
}

/** Makes calls, one after another, until the circuit rejects a call. */
async function asked(shared) {
  for (;;) {
    const { rejected, error } = await shared.tryExecute(operation);
    if (rejected && isCircuitBreakerOpenError(error)) return;
  }
}

/** Makes `count` calls, `atOnce` at a time. Every tenth call fails. Waits until the store has all outcomes. */
async function calls({ name, count, atOnce }) {
  const shared = share(fleet, name);
  let made = 0;
  const caller = async () => {
    while (made < count) {
      made += 1;
      const fails = made % 10 === 0;
      await shared.execute(fails ? failing : operation).catch(() => undefined);
    }
  };
  const startNs = process.hrtime.bigint();
  await Promise.all(Array.from({ length: atOnce }, caller));
  await fleet.flush();
  const endNs = process.hrtime.bigint();
  process.send({ startNs: startNs.toString(), endNs: endNs.toString() });
}

async function failing() {
  throw new Error("the upstream failed");
}
