/** Measures whether `dagger-breaker serve` answers all its clients in time, even with many slow connections. */

import { fork, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { figure } from "../../measuring/report.mjs";

export const title = "Strict clients of serve beside silent and slow connections";
export const note =
  "300 clients with connections of their own, in two processes, each of which asks dagger-breaker serve once a second and waits 100 ms for an answer; then it goes without. Spread: over each second. At once: all in the same moment, which has no bound here, since clients and server share a machine. Scraped: GET /metrics once a second, of a store with 1,000 circuits. Beside them 1,000 connections say nothing and 100 send a byte each 100 ms, half of these with the token; who is cut off connects again.";

const CLIENTS = 300;
const PROCESSES = 2;
const SILENT = 1000;
const SLOW = 100;
const EVERY_MS = 1000;
const CIRCUITS = 1000;

const LOADS = [
  { name: "spread, alone", spread: true, crowded: false },
  { name: "spread, scraped", spread: true, crowded: false, scraped: true },
  { name: "spread, beside the others", spread: true, crowded: true },
  { name: "at once, alone", spread: false, crowded: false },
  { name: "at once, beside the others", spread: false, crowded: true },
];

/** Returns why this suite cannot run on this Node.js; undefined when it can. */
export function leftOut() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return undefined;
  return `serve needs Node.js 22.13 or later, this is ${process.version}`;
}

export async function run({ rounds }) {
  const folder = mkdtempSync(join(tmpdir(), "bench-serve-"));
  const token = randomBytes(16).toString("hex");
  const serving = await startServe(join(folder, "fleet.db"), token);
  const started = [];
  const start = async (role, ...counts) => {
    const child = fork(
      new URL("../../processes/serve-process.mjs", import.meta.url),
      [role, serving.url, token, ...counts.map(String)],
      { execArgv: [] },
    );
    started.push(child);
    await once(child, "message");
    return child;
  };
  try {
    const clients = [];
    while (clients.length < PROCESSES) clients.push(await start("clients", CLIENTS / PROCESSES));
    await start("circuits", CIRCUITS);
    const seconds = Math.max(5, Math.ceil(rounds / 3));
    const rows = [];
    for (const load of LOADS.filter(({ crowded }) => !crowded)) {
      const scraper = load.scraped ? await start("scrapes", serving.readToken) : undefined;
      rows.push(await measure(load, clients, seconds));
      if (scraper !== undefined) await scrapesOf(scraper, seconds);
    }
    await start("crowd", SILENT, SLOW);
    for (const load of LOADS.filter(({ crowded }) => crowded)) {
      rows.push(await measure(load, clients, seconds));
    }
    // Only loads that are spread over time have a figure to reach. When all clients ask at the same moment,
    // their own machine is the limit, which real fleets do not have.
    const bounded = LOADS.filter(({ spread, crowded, scraped }) => spread && (crowded || scraped));
    return { rows, figures: bounded.map(({ name }) => figure(rows, name, "missed", 0)) };
  } finally {
    for (const child of started) child.disconnect();
    await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the program as users do. Resolves when it listens. */
async function startServe(path, token) {
  const readToken = randomBytes(16).toString("hex");
  const readTokenFile = `${path}.read-token`;
  writeFileSync(readTokenFile, readToken);
  const program = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...[program, "serve", "--listen", "127.0.0.1:0", "--database", path],
      ...["--read-token-file", readTokenFile],
    ],
    {
      env: { ...process.env, DAGGER_BREAKER_STORE_TOKEN: token },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  process.once("exit", () => child.kill());
  const [line] = await once(child.stdout, "data");
  const [, url] = /listening on ([^\s,]+)/.exec(String(line)) ?? [];
  if (url === undefined) throw new Error("serve does not listen");
  return {
    url,
    readToken,
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** Ends the process that scrapes. Throws when it got too few pages, because then nothing was measured. */
async function scrapesOf(scraper, seconds) {
  scraper.send("stop");
  const [{ pages, bytes }] = await once(scraper, "message");
  if (pages < seconds || bytes < 100_000)
    throw new Error(`${pages} pages, the last of ${bytes} bytes`);
}

async function measure({ name, spread }, clients, rounds) {
  for (const child of clients) child.send({ rounds, everyMs: EVERY_MS, spread });
  const told = await Promise.all(clients.map(async (child) => (await once(child, "message"))[0]));
  const waitsMs = told.flatMap((each) => each.waitsMs).sort((a, b) => a - b);
  const each = (value) => ({ unit: "each", median: value });
  return {
    name,
    cells: {
      calls: each(waitsMs.length),
      missed: each(told.reduce((sum, { missed }) => sum + missed, 0)),
      "median ms": each(waitsMs[Math.floor(waitsMs.length / 2)]),
      "99 of 100 within ms": each(waitsMs[Math.floor(waitsMs.length * 0.99)]),
      "at the most ms": each(waitsMs.at(-1)),
    },
  };
}
