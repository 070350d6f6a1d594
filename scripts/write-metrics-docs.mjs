/**
 * Writes the table of metrics into docs/telemetry.md: `node scripts/write-metrics-docs.mjs`, after `npm run build`.
 *
 * A test fails when the page does not contain what the sources define.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withGeneratedPart } from "./generated-part.mjs";

const PAGE = new URL("../docs/telemetry.md", import.meta.url);
const TELEMETRY = new URL("../dist/telemetry/", import.meta.url);

/** Returns the page with the table of these instruments. */
export function pageWithMetrics(page, instruments, prometheusName) {
  const rows = Object.values(instruments).map((one) => {
    const attributes = one.attributes.map((name) => `\`${name}\``).join(", ");
    return `| \`${one.name}\` | \`${prometheusName(one)}\` | ${one.kind}, ${one.unit} | ${attributes} | ${one.description} |`;
  });
  const head = [
    "| metric | in Prometheus | kind, unit | attributes | meaning |",
    "|---|---|---|---|---|",
  ];
  return withGeneratedPart(page, "write-metrics-docs.mjs", [...head, ...rows].join("\n"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { INSTRUMENTS } = await import(new URL("instruments.js", TELEMETRY).href);
  const { prometheusName } = await import(new URL("metrics-text.js", TELEMETRY).href);
  writeFileSync(PAGE, pageWithMetrics(readFileSync(PAGE, "utf8"), INSTRUMENTS, prometheusName));
}
