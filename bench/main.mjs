/** Runs the requested suites and reports their results. */

import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { readmeTable } from "./measuring/readme-table.mjs";
import { placeAsText, suiteAsMarkdown, suiteAsText } from "./measuring/report.mjs";

/** The suites of each folder, in the order in which they run. */
const FOLDERS = {
  breaker: [
    "closed",
    "closed-options",
    "failing",
    "rejection",
    "in-flight",
    "call-heap",
    "idle",
    "million",
    "windows",
  ],
  guard: ["guard", "guard-before", "hostless-errors", "traces", "proxy"],
  program: ["start", "run", "run-before"],
  telemetry: ["instrumented"],
  fleet: ["fleet-cached", "fleet-strict", "fleet-trip", "fleet-sqlite", "serve"],
};
const SUITES = Object.values(FOLDERS).flat();
/** Names on the command line that stand for several suites. */
const GROUPS = { fleet: SUITES.filter((name) => name.startsWith("fleet-")) };
const RESULTS = new URL("results.json", import.meta.url);
const DOCS = new URL("../docs/benchmarks.md", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const MARKERS = ["<!-- measured: begin -->", "<!-- measured: end -->"];
const ROUNDS = { full: 60, quick: 12 };
const FLAG = { type: "boolean", default: false };

const USAGE = `npm run bench -- [suite ...] [--quick] [--json] [--docs]

suites: ${SUITES.join(", ")} (default: all)
groups: ${Object.keys(GROUPS).join(", ")}
--quick   fewer rounds
--json    print the results as JSON instead of tables
--docs    write the tables into docs/benchmarks.md and README.md (all suites, not with --quick)
`;

const asked = readArguments();
if (asked === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await main(asked);
}

async function main({ suites, quick, json, docs }) {
  const say = (text) => (json ? process.stderr : process.stdout).write(`${text}\n`);
  const place = {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown CPU",
    date: new Date().toISOString().slice(0, 10),
  };
  const effort = { rounds: quick ? ROUNDS.quick : ROUNDS.full, quick };
  const results = { ...place, effort, suites: [] };
  say(placeAsText(place));
  for (const name of suites) {
    try {
      const { nodeOptions = [], leftOut } = await import(urlOf(name));
      const reason = leftOut?.();
      if (reason === undefined) {
        const result = await runSuite(name, nodeOptions, effort);
        results.suites.push(result);
        say(suiteAsText(result));
      } else say(`\nsuite ${name} is left out: ${reason}`);
    } catch (error) {
      process.stderr.write(`\nbench: suite ${name} crashed: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  const figures = results.suites.flatMap((suite) => suite.figures);
  const met = figures.filter((figure) => figure.met).length;
  say(`\n${met} of ${figures.length} figures met`);
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  if (docs && process.exitCode !== 1) writeDocs(results);
}

/** Reads the command line. Returns undefined when it is invalid. */
function readArguments() {
  const flags = { quick: FLAG, json: FLAG, docs: FLAG };
  try {
    const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
    const named = positionals.flatMap((name) => GROUPS[name] ?? [name]);
    const suites = named.length === 0 ? SUITES : named;
    const known = suites.every((name) => SUITES.includes(name));
    const partial = values.quick || suites.length < SUITES.length;
    return known && !(values.docs && partial) ? { suites, ...values } : undefined;
  } catch {
    return undefined;
  }
}

function urlOf(name) {
  const [folder] = Object.entries(FOLDERS).find(([, names]) => names.includes(name));
  return new URL(`suites/${folder}/${name}.mjs`, import.meta.url).href;
}

async function runSuite(name, nodeOptions, effort) {
  const child = fork(
    new URL("processes/suite-process.mjs", import.meta.url),
    [name, urlOf(name), JSON.stringify(effort)],
    {
      execArgv: ["--expose-gc", ...nodeOptions],
    },
  );
  return await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`it ended with ${signal ?? code}`)));
  });
}

/** Writes the tables into the two pages that contain them. */
function writeDocs({ suites, ...place }) {
  const tables = [`${placeAsText(place)}.`, ...suites.map(suiteAsMarkdown)].join("\n\n");
  writeMeasured(DOCS, `\n\n${tables}\n\n`);
  writeMeasured(README, `\n\n${readmeTable(suites)}\n\n`);
}

/** Puts text between the two marker comments of a page. The rest of the page stays the same. */
function writeMeasured(url, text) {
  const page = readFileSync(url, "utf8");
  const [begin, end] = MARKERS.map((marker) => page.indexOf(marker));
  if (begin < 0 || end < begin) throw new Error(`${url.pathname} lacks ${MARKERS.join(" and ")}`);
  const before = page.slice(0, begin + MARKERS[0].length);
  writeFileSync(url, `${before}${text}${page.slice(end)}`);
}
