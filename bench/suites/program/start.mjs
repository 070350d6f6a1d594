/**
 * Measures how long the program takes to start, compared with an earlier build that loaded one module per
 * source file.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BEFORE, programBefore, withoutBefore } from "../../contenders/before.mjs";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const MAIN = join(PROJECT, "dist/cli/main.js");
const COMMANDS = { "--version": ["--version"], run: ["run", "--", "true"], classify: ["classify"] };

export const title = "A start of the program";
export const note = `The time of a command beyond that of \`node -e 0\`, in turns with the same command as built from the commit ${BEFORE}. Node.js keeps compiled code of earlier starts. \`run\` runs \`true\`, and \`classify\` reads an empty log. The ratio is of the two figures.`;

export const leftOut = withoutBefore;

export async function run({ rounds }) {
  const folder = mkdtempSync(join(PROJECT, "node_modules/.bench-start-"));
  try {
    const before = await programBefore(folder);
    mkdirSync(join(folder, "home"));
    const rows = [];
    for (const [name, args] of Object.entries(COMMANDS)) {
      rows.push({ name, cells: await compare(before, args, folder, Math.max(9, rounds / 2)) });
    }
    return { rows, figures: [figure(rows, "--version", "ratio", 0.4)] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(before, args, folder, rounds) {
  const added = { now: [], before: [], ratio: [] };
  const env = { ...process.env, HOME: join(folder, "home") };
  for (let round = -2; round < rounds; round += 1) {
    const bareMs = await tookMs(["-e", "0"], env);
    const nowMs = (await tookMs([MAIN, ...args], env)) - bareMs;
    const beforeMs = (await tookMs([before, ...args], env)) - bareMs;
    if (round < 0) continue;
    added.now.push(nowMs);
    added.before.push(beforeMs);
    added.ratio.push(nowMs / beforeMs);
  }
  return {
    "added ms": { unit: "each", ...spreadOf(added.now) },
    "before, ms": { unit: "each", ...spreadOf(added.before) },
    ratio: { unit: "x", ...spreadOf(added.ratio) },
  };
}

async function tookMs(args, env) {
  const start = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  await once(child, "close");
  return performance.now() - start;
}
