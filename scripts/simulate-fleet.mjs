/**
 * Simulates ten thousand CI runners with a failing registry, and prints the results:
 * `node scripts/simulate-fleet.mjs [--write]`. With --write, the tables go into
 * docs/fleet-simulation.md and the picture into docs/images/fleet-outage.svg.
 *
 * It runs the sources as they are. A test fails when page or picture show anything else.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = join(ROOT, "docs/fleet-simulation.md");
const PICTURE = join(ROOT, "docs/images/fleet-outage.svg");

const unknown = process.argv.slice(2).filter((argument) => argument !== "--write");
if (unknown.length > 0) {
  console.error(`Unknown argument ${unknown.join(" ")}. Usage: simulate-fleet.mjs [--write]`);
  process.exitCode = 2;
} else {
  await main(process.argv.includes("--write"));
}

async function main(writes) {
  const { pageWithFindings, pictureOf, simulateAll, tablesOf } = await importSimulation();
  const findings = await simulateAll();
  console.log(tablesOf(findings));
  if (!writes) return;
  await writeFile(PAGE, pageWithFindings(await readFile(PAGE, "utf8"), findings));
  await mkdir(dirname(PICTURE), { recursive: true });
  await writeFile(PICTURE, pictureOf(findings.outages));
}

/** Bundled inside the project, where a program finds the project's packages. */
async function importSimulation() {
  const folder = await mkdtemp(join(ROOT, "node_modules/.fleet-simulation-"));
  try {
    const outfile = join(folder, "simulation.mjs");
    await build({
      entryPoints: [join(ROOT, "tests/fleet/simulation/index.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "warning",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
