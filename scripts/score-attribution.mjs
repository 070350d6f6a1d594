/**
 * Scores the classifier on labeled failures: `node scripts/score-attribution.mjs [files]`.
 *
 * It uses the built `dist`. By default it reads the files in tests/fixtures/attribution: the corpus,
 * recordings of real engines, and our own variants of both. Hold-outs were labeled without looking at the
 * rules. Unseen texts were labeled before the classifier saw them. It prints a table for each file, with
 * every wrong classification. The exit code is 1 when a required figure is not reached.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { breakerName, classifyFailure, classifyResponse } from "../dist/attribution/index.js";

const FIXTURES = new URL("../tests/fixtures/attribution/", import.meta.url);
const DEFAULT_FILES = [
  "failures.jsonl",
  "answers.jsonl",
  "answers-1.0.jsonl",
  "live.jsonl",
  "commands.jsonl",
  "commands-2.jsonl",
  "variants.jsonl",
  "variant-answers.jsonl",
  "variant-commands.jsonl",
  "holdout-failures.jsonl",
  "holdout-answers.jsonl",
  "holdout-commands.jsonl",
  "unseen.jsonl",
  "unseen-answers.jsonl",
  "unseen-tools.jsonl",
  "unseen-tools-answers.jsonl",
];
const REQUIRED = {
  counts: 0.99,
  fault: 0.98,
  recallPerFault: 0.9,
  upstreamRecall: 0.95,
  upstreamPrecision: 0.98,
};

const files =
  process.argv.length > 2
    ? process.argv.slice(2)
    : DEFAULT_FILES.map((name) => fileURLToPath(new URL(name, FIXTURES)));

let allReached = true;
for (const file of files) {
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const cases = rows.flatMap(casesOf);
  allReached = report(basename(file), cases, rows) && allReached;
}
process.exitCode = allReached ? 0 : 1;

/** Returns a case for each labeled failure of a row: the label, and the classification. */
function casesOf(row) {
  if (row.message !== undefined) return [caseOf(row.id, row, sayMessage(row), row.message)];
  const failures = row.failures ?? row.expected?.failures;
  if (failures === null || failures === undefined) return [];
  if (row.body !== undefined)
    return pair(row, failures, classifyResponse(row, { query: row.query ?? undefined }));
  if (row.exitCode === 0) return [];
  const said = sayCommand(row);
  const whole = nearest(failures, said);
  const label = readable(whole, said, `${row.stdout}\n${row.stderr}`);
  return [{ ...caseOf(`${row.engine} ${row.id}`, label, said, row.stderr), whole }];
}

function sayMessage({ message, operation, seenIn }) {
  return classifyFailure(message, { operation, source: seenIn });
}

function sayCommand({ stdout, stderr, exitCode, args }) {
  const command = args && ["dagger", ...args];
  return classifyFailure(`${stdout}\n${stderr}`, { source: "cli", exitCode, command });
}

/**
 * Pairs each label with the most similar classification that is left, because the failures of an answer
 * have no fixed order.
 */
function pair(row, failures, said) {
  const left = [...said];
  const text = row.body;
  const cases = failures.map((label) => {
    const at = left.findIndex((one) => one.fault === label.fault && one.counts === label.counts);
    const [got] = left.splice(Math.max(at, 0), 1);
    return caseOf(`${row.engine} ${row.id}`, label, got, text);
  });
  for (const extra of left)
    cases.push(caseOf(`${row.engine} ${row.id}`, { fault: "none", counts: false }, extra, text));
  return cases;
}

/**
 * Returns the label that is most similar to the classification. A command can have several failures but
 * only one classification.
 */
function nearest(failures, got) {
  const alike = failures.filter((one) => one.fault === got.fault && one.counts === got.counts);
  return alike.find((label) => sameHost({ label, got })) ?? alike[0] ?? failures[0];
}

/**
 * Removes the host from a label when neither the output nor the command line contains it. For example,
 * failures of `http` do not contain their host in the format `logs` or with `--silent`. `run` gets such
 * hosts from the engine's spans.
 */
function readable(label, got, text) {
  const isHidden = typeof label.upstream === "string" && !text.includes(label.upstream);
  return isHidden && got.upstream === null ? { ...label, upstream: undefined } : label;
}

function caseOf(id, label, got, text) {
  return {
    id,
    label,
    got: got ?? { fault: "none", counts: false, upstream: null, rule: "none" },
    text,
  };
}

function report(name, cases, rows) {
  const faultRight = cases.filter(({ label, got }) => label.fault === got.fault);
  const countsRight = cases.filter(({ label, got }) => label.counts === got.counts);
  const harmless = cases.filter(
    ({ label }) => label.fault === "user" || label.fault === "cancelled",
  );
  const wronglyCounted = harmless.filter(({ got }) => got.counts);
  // A label without a host means that no host is at fault. The pipeline may still have used hosts, so
  // naming a host is wrong only when the failure counts.
  const named = cases.filter(
    ({ label, got }) => label.upstream !== undefined && (label.upstream !== null || got.counts),
  );
  const expected = named.filter(({ label }) => label.upstream !== null);
  const given = named.filter(({ got }) => got.upstream !== null);
  const found = expected.filter(sameHost);
  const counted = expected.filter(({ label }) => label.counts);
  const all = cases
    .map(({ label, whole = label, got }) => ({ label: whole, got }))
    .filter(({ label }) => typeof label.upstream === "string");
  const exact = counted.filter(({ label, got }) => label.upstream === got.upstream);
  const suspected = cases.filter(({ label }) => label.suspectedUpstream !== undefined);
  const perFault = recallPerFault(cases);
  const figures = [
    ["counts", share(countsRight, cases), REQUIRED.counts],
    ["fault", share(faultRight, cases), REQUIRED.fault],
    ["user or canceled that count", [wronglyCounted.length, harmless.length], undefined],
    ["upstream, recall", share(found, expected), REQUIRED.upstreamRecall],
    ["upstream, precision", share(given.filter(sameHost), given), REQUIRED.upstreamPrecision],
    [
      "upstream where it counts",
      share(counted.filter(sameHost), counted),
      REQUIRED.upstreamPrecision,
    ],
    ["the same, to the letter", share(exact, counted), undefined],
    ["of all, those in no words too", share(all.filter(sameHost), all), undefined],
    ["suspected upstream", share(suspected.filter(sameSuspect), suspected), undefined],
    ...perFault,
  ];
  console.log(`\n${name}: ${cases.length} failures`);
  for (const [what, [right, of], required] of figures) {
    const percent = of === 0 ? "    -" : `${((100 * right) / of).toFixed(1).padStart(5)} %`;
    console.log(
      `  ${what.padEnd(30)} ${percent}  ${right}/${of}${required === undefined ? "" : `  (>= ${100 * required} %)`}`,
    );
  }
  console.log(`  ${"messages a second".padEnd(30)} ${throughput(rows)}`);
  for (const one of cases) if (!isRight(one)) printMiss(one);
  return (
    wronglyCounted.length === 0 &&
    figures.every(
      ([, [right, of], required]) => required === undefined || of === 0 || right / of >= required,
    )
  );
}

function isRight(one) {
  const { label, got } = one;
  const host =
    label.upstream === undefined ||
    (label.upstream === null ? got.upstream === null || !got.counts : sameHost(one));
  return label.fault === got.fault && label.counts === got.counts && host;
}

function sameHost({ label, got }) {
  if (typeof got.upstream !== "string" || typeof label.upstream !== "string") return false;
  return (
    got.upstream === label.upstream ||
    breakerName("registry", got.upstream) === breakerName("registry", label.upstream)
  );
}

/** Returns whether the suspected host is right. It is only advice, so no score for it is required. */
function sameSuspect({ label, got }) {
  return label.suspectedUpstream === (got.suspectedUpstream ?? null);
}

function share(right, of) {
  return [right.length, of.length];
}

function recallPerFault(cases) {
  return [...new Set(cases.map(({ label }) => label.fault))].sort().map((fault) => {
    const all = cases.filter(({ label }) => label.fault === fault);
    const right = all.filter(({ got }) => got.fault === fault);
    return [
      `recall of ${fault}`,
      share(right, all),
      all.length >= 10 ? REQUIRED.recallPerFault : undefined,
    ];
  });
}

/** Returns how many messages are classified per second of processor time, after a second of warming up. */
function throughput(rows) {
  runFor(1_000, rows);
  const before = process.cpuUsage();
  const count = runFor(1_000, rows);
  const { user, system } = process.cpuUsage(before);
  return Math.round((1e6 * count) / (user + system));
}

function runFor(ms, rows) {
  const end = performance.now() + ms;
  let count = 0;
  while (performance.now() < end) {
    for (const row of rows) {
      if (row.message !== undefined) sayMessage(row);
      else if (row.body !== undefined && row.body !== null)
        classifyResponse(row, { query: row.query ?? undefined });
      else if (row.stderr !== undefined) sayCommand(row);
      count += 1;
    }
  }
  return count;
}

function printMiss({ id, label, got, text }) {
  const want = `${label.fault}${label.counts ? " counts" : ""} ${label.upstream ?? "-"}`;
  const said = `${got.fault}${got.counts ? " counts" : ""} ${got.upstream ?? "-"} by ${got.rule}`;
  console.log(
    `  MISS ${id}: want ${want}; said ${said}\n       ${JSON.stringify(String(text).slice(0, 300))}`,
  );
}
