/** Measures how much longer a command takes under `dagger-breaker run`. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

export const title = "A command under `run`";
export const note =
  "A command that does nothing, by itself and under `dagger-breaker run`, in turns; each figure is the median of the differences within a pair. It includes the start of Node.js. `dagger` has its traces received; a program has a socket ready for the sessions that it may open.";

const MAIN = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

export async function run({ rounds }) {
  const folder = mkdtempSync(join(tmpdir(), "bench-run-"));
  try {
    const dagger = join(folder, "dagger");
    const program = join(folder, "program");
    writeFileSync(dagger, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    symlinkSync(dagger, program);
    const env = { ...process.env, HOME: folder, XDG_CACHE_HOME: folder };
    const rows = [];
    for (const [name, command] of [
      ["dagger", dagger],
      ["a program", program],
    ]) {
      const added = await addedMs(command, env, Math.max(9, Math.round(rounds / 3)));
      rows.push({ name, cells: { "added ms": { unit: "each", ...spreadOf(added) } } });
    }
    return { rows, figures: rows.map(({ name }) => figure(rows, name, "added ms", 150)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function addedMs(command, env, pairs) {
  const added = [];
  for (let pair = -2; pair < pairs; pair += 1) {
    const alone = await tookMs(command, [], env);
    const guarded = await tookMs(process.execPath, [MAIN, "run", "--", command], env);
    if (pair >= 0) added.push(guarded - alone);
  }
  return added;
}

async function tookMs(command, args, env) {
  const start = performance.now();
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return performance.now() - start;
}
