/**
 * Measures how many calls per second four processes guard through one SQLite file, and checks that each
 * call is counted.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "../../../dist/fleet/sqlite/index.js";
import { figure } from "../../measuring/report.mjs";
import { median } from "../../measuring/statistics.mjs";

export const title = "Calls of four processes through one SQLite file";
export const note =
  "All four use one circuit at the same time, and one call in ten fails. The time ends when the file holds every outcome; each process waits up to a second while others write. 100 us a call of all four together are 10,000 calls a second. Miscounted: calls that the circuit counted wrongly, of all rounds.";

const PROCESSES = 4;
const LOADS = [
  { name: "one after another", atOnce: 1, count: 2500 },
  { name: "100 at once", atOnce: 100, count: 10_000 },
];

/** Returns why this suite cannot run on this Node.js; undefined when it can. */
export function leftOut() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return undefined;
  return `SQLite needs Node.js 22.13 or later, this is ${process.version}`;
}

export async function run({ rounds }) {
  const folder = mkdtempSync(join(tmpdir(), "bench-sqlite-"));
  const path = join(folder, "fleet.db");
  const store = sqliteStore({ path });
  const children = Array.from({ length: PROCESSES }, () =>
    fork(
      new URL("../../processes/fleet-process.mjs", import.meta.url),
      ["calls", `sqlite:${path}`, "strict"],
      {
        execArgv: [],
      },
    ),
  );
  try {
    await Promise.all(children.map((child) => once(child, "message")));
    const rows = [];
    for (const load of LOADS) {
      rows.push(await measure(load, children, store, Math.max(5, Math.ceil(rounds / 6))));
    }
    const figures = LOADS.flatMap(({ name }) => [
      figure(rows, name, "us a call", 100),
      figure(rows, name, "miscounted", 0),
    ]);
    return { rows, figures };
  } finally {
    for (const child of children) child.disconnect();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure({ name, atOnce, count }, children, store, rounds) {
  const microseconds = [];
  const calls = count * children.length;
  let miscounted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const circuit = `${atOnce}-${round}`;
    const tookMs = await callsTook(children, { name: circuit, atOnce, count });
    microseconds.push((tookMs * 1000) / calls);
    miscounted += await miscountedOf(store, circuit, calls);
  }
  const each = median(microseconds);
  return {
    name,
    cells: {
      "us a call": { unit: "each", median: each },
      "calls a second": { unit: "each", median: Math.round(1e6 / each) },
      calls: { unit: "each", median: calls * rounds },
      miscounted: { unit: "each", median: miscounted },
    },
  };
}

/** Returns the milliseconds from the start of the first process to the end of the last. */
async function callsTook(children, task) {
  for (const child of children) child.send(task);
  const ends = await Promise.all(children.map((child) => once(child, "message")));
  const times = (of) => ends.map(([told]) => Number(BigInt(told[of])) / 1e6);
  return Math.max(...times("endNs")) - Math.min(...times("startNs"));
}

/** Returns how many outcomes the store has counted wrong. Every tenth call fails, see fleet-process.mjs. */
async function miscountedOf(store, name, calls) {
  const { snapshot } = await store.run({ scope: "default", name }, { kind: "read" });
  const { successes, failures } = snapshot.counts;
  return Math.abs(failures - calls / 10) + Math.abs(successes - (calls - calls / 10));
}
