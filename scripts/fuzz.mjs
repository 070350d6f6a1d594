/**
 * Sends thousands of odd connections to the servers of this package, and lets odd sessions answer them.
 *
 *     node scripts/fuzz.mjs [--connections 20000] [--seed N] [--dist FOLDER] [TARGET...]
 *
 * Targets: http1 and http2 (the session proxy), receiver, serve. After each target, no descriptor and no
 * timer may be left. At the end, the process must end by itself. A failure prints a seed. Another run with
 * that seed sends the same bytes.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { driveClient } from "./fuzz/connection.mjs";
import { randomOf } from "./fuzz/random.mjs";
import { targetsOf } from "./fuzz/targets.mjs";

const WORKERS = 32;
/**
 * How long descriptors may be left. A connection without a token is closed after 5 s, and the machine may
 * be busy.
 */
const LEFT_WITHIN_MS = 30_000;
const STUCK_AFTER_MS = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "20000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
    dist: { type: "string", default: fileURLToPath(new URL("../dist", import.meta.url)) },
  },
});
const connections = Number(values.connections);
const seed = Number(values.seed);
const targets = targetsOf(values.dist);
const names = positionals.length > 0 ? positionals : Object.keys(targets);
let running = "the start";

for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    console.error(`${running}: ${event} with seed ${seed}`, error);
    process.exit(1);
  });
}

for (const name of names) await fuzz(name);
// This timer does not keep the process alive, so it fires only when something else does.
setTimeout(() => fail("the process does not end"), 10_000).unref();

async function fuzz(name) {
  running = name;
  // The first use opens files that stay open. They do not count as left behind, so it comes before the
  // measurement.
  await once(name, () => undefined);
  const started = performance.now();
  const atRest = openFiles();
  await once(name, send);
  await until(() => openFiles() <= atRest, "descriptors are left");
  await until(() => timers() === 0, "a timer is left");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${name}: ${connections} connections in ${seconds} s, seed ${seed}: 0 crashes, 0 hangs, 0 descriptors left`,
  );
}

/** Starts a target and uses it. Closes it once all connections are gone. */
async function once(name, act) {
  const target = await targets[name](randomOf(seed));
  const listening = openFiles();
  await act(target);
  target.settle?.();
  await until(() => openFiles() <= listening, "descriptors are left of its connections");
  if (!(await target.serves())) fail("it serves no more");
  await target.close();
}

async function send(target) {
  let next = 0;
  let progress = 0;
  const watch = setInterval(() => {
    if (progress === next) fail(`no connection ended within ${STUCK_AFTER_MS / 1000} s`);
    progress = next;
  }, STUCK_AFTER_MS);
  const work = async () => {
    while (next < connections) {
      // Each connection gets its own random numbers, so that the order of connections does not change them.
      const random = randomOf(seed + next++);
      await driveClient(target.port, target.bytes(random), random);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  clearInterval(watch);
}

async function until(holds, otherwise) {
  const deadline = performance.now() + LEFT_WITHIN_MS;
  while (!holds()) {
    if (performance.now() > deadline) fail(otherwise);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function openFiles() {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}

function timers() {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

function fail(what) {
  console.error(
    `${running}: ${what}, seed ${seed} (${process.getActiveResourcesInfo().join(" ")})`,
  );
  process.exit(1);
}
