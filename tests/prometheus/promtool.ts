/** Runs promtool from the Debian package `prometheus`. */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const execute = promisify(execFile);

/** Creates a folder that is removed after the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dagger-circuit-breaker-prometheus-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Runs promtool in a folder with these files. Resolves to its output, even when promtool failed. */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<{ readonly failed: boolean; readonly output: string }> {
  const cwd = await newFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  return execute("promtool", args, { cwd, maxBuffer: 100_000_000 }).then(
    ({ stdout, stderr }) => ({ failed: false, output: stdout + stderr }),
    ({ stdout = "", stderr = "", message }) => {
      return { failed: true, output: stdout + stderr || message };
    },
  );
}
