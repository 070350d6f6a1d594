/** Measures how much time the guard adds to a request, compared with the build of an earlier commit. */

import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BEFORE, programBefore, withoutBefore } from "../../contenders/before.mjs";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const REQUESTS = 2000;

export const title = "The guard of a Dagger session, against an earlier build";
export const note = `In turns with the commit ${BEFORE}, or with the build in the folder that BENCH_BEFORE names, in one process. The transport is stubbed. It is the processor time of the whole process, less that of the bare transport, so a busy machine changes it little. The ratio is of the two builds in one round.`;

export const leftOut = withoutBefore;

const pull = (i) =>
  `{ container { from(address: "alpine:3") { withExec(args: ["echo", "${i}"]) { stdout } } } }`;
const answered = (body) => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});
const WORKED = answered({ data: { container: { from: { withExec: { stdout: "1\n" } } } } });
const FAILED = answered({
  data: null,
  errors: [
    {
      message: "exit code: 1",
      path: ["container", "from", "withExec", "stdout"],
      extensions: {
        _type: "EXEC_ERROR",
        cmd: ["npm", "test"],
        exitCode: 1,
        stdout: "1 of 40 tests failed",
        stderr: "expected 200, got 503",
      },
    },
  ],
});
const KNOWN = answered({ data: { node: { file: { contents: "1" } } } });

/** The kinds of requests to measure, each with its query and its answer. */
const KINDS = [
  ["an image and a command", pull, WORKED],
  ["a command that fails", pull, FAILED],
  [
    "a file of a known id",
    (i) => `{ node(id: "id-${i % 10}") { ... on Directory { file(path: "a") { contents } } } }`,
    KNOWN,
  ],
];

export async function run({ rounds }) {
  const folder = mkdtempSync(join(PROJECT, "node_modules/.bench-guard-"));
  try {
    const before = dirname(dirname(await programBefore(folder)));
    const builds = [await load(before), await load(join(PROJECT, "dist"))];
    const rows = [];
    for (const [name, query, answer] of KINDS) {
      rows.push(await rowOf(name, builds, query, answer, rounds));
    }
    return { rows, figures: KINDS.map(([name]) => figure(rows, name, "ratio", 0.8)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Loads a build. The result opens a guarded session and returns a function that sends requests in it. */
async function load(dist) {
  const part = (path) => import(pathToFileURL(join(dist, path)).href);
  const { Guard } = await part("guard/guard.js");
  const { GuardedSession } = await part("guard/guarded-session.js");
  const { createRegistry } = await part("index.js");
  // Older builds do not have this module. There, the session itself reads the request.
  const { readRequest } = await part("attribution/query/read-request.js").catch(() => ({}));
  return (exchange) => {
    const session = new GuardedSession(new Guard({ registry: createRegistry() }));
    if (readRequest === undefined) return (request) => session.request(request, exchange);
    const link = { send: exchange, ask: exchange };
    return (request) => session.request(readRequest(request), link);
  };
}

async function rowOf(name, builds, query, answer, rounds) {
  const exchange = async () => answer;
  const calls = builds.map((open) => open(exchange));
  const took = [];
  for (let round = -5; round < rounds; round += 1) {
    const bareUs = await microsecondsEach(exchange, query);
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    const added = [];
    for (const index of order) {
      added[index] = (await microsecondsEach(calls[index], query)) - bareUs;
    }
    if (round >= 0) took.push(added);
  }
  const each = (index) => ({ unit: "each", ...spreadOf(took.map((added) => added[index])) });
  return {
    name,
    cells: {
      "added us": each(1),
      "before, us": each(0),
      ratio: { unit: "x", ...spreadOf(took.map(([before, now]) => now / before)) },
    },
  };
}

async function microsecondsEach(call, query) {
  globalThis.gc?.({ type: "minor" });
  const start = process.cpuUsage();
  for (let i = 0; i < REQUESTS; i += 1) await call({ query: query(i) });
  const { user, system } = process.cpuUsage(start);
  return (user + system) / REQUESTS;
}
