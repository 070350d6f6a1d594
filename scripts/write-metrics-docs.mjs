/**
 * Writes the tables of metrics into docs/telemetry.md.
 *
 *   node scripts/write-metrics-docs.mjs      after npm run build
 *
 * A test fails when the page does not match the sources.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withGeneratedPart } from "./generated-part.mjs";

const PAGE = new URL("../docs/telemetry.md", import.meta.url);
const TELEMETRY = new URL("../dist/telemetry/", import.meta.url);

/** The sentence before each table of metrics. */
const GROUPS = {
  local: "The breakers of this process:",
  guard: "What a guard has done for its upstreams:",
  store: "The way of this process to the store of a fleet:",
  shared: "The circuits of a store:",
  runs: "The runs of `dagger-breaker run` that a store has counted:",
};
const HEAD = [
  "| metric | in Prometheus | kind, unit | attributes | meaning |",
  "|---|---|---|---|---|",
];

/** Returns the page with the tables of these groups of instruments. */
export function pageWithMetrics(page, groups, prometheusName) {
  const tables = Object.entries(groups).map(([group, instruments]) => {
    const rows = Object.values(instruments).map((one) => rowOf(one, prometheusName(one)));
    return [GROUPS[group], "", ...HEAD, ...rows].join("\n");
  });
  return withGeneratedPart(page, "write-metrics-docs.mjs", tables.join("\n\n"));
}

function rowOf({ name, kind, unit, attributes, description }, inPrometheus) {
  const listed = attributes.map((attribute) => `\`${attribute}\``).join(", ");
  return `| \`${name}\` | \`${inPrometheus}\` | ${kind}, ${unit} | ${listed} | ${description} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { INSTRUMENTS } = await import(new URL("metrics/instruments.js", TELEMETRY).href);
  const { prometheusName } = await import(new URL("metrics/prometheus-text.js", TELEMETRY).href);
  writeFileSync(PAGE, pageWithMetrics(readFileSync(PAGE, "utf8"), INSTRUMENTS, prometheusName));
}
