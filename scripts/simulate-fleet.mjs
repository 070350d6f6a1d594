/**
 * Simulates ten thousand CI runners while a registry fails, and prints the results.
 *
 *   node scripts/simulate-fleet.mjs [--write]
 *
 * With --write, it writes the tables into docs/fleet-simulation.md and the picture into
 * docs/images/fleet-outage.svg. It runs the present sources. A test fails when the page or the picture is
 * not current.
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

/**
 * Bundles the simulation and imports it. The bundle is inside the project, where it finds the project's
 * packages.
 */
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
