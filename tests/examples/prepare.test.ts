/** Tests the messages of the scripts on a machine that lacks their requirements. */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./run.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prepare-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("rejects an older Node.js and names the required version", async () => {
  const preload = join(folder, "older.cjs");
  writeFileSync(
    preload,
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } });',
  );
  const ended = await run("scripts/prepare.sh", [], { NODE_OPTIONS: `--require ${preload}` });
  expect(ended).toEqual({
    code: 1,
    stdout: "",
    stderr: "This is Node.js 20.18.3: version 20.19 or later is needed.\n",
  });
});

test("reports a machine without Node.js", async () => {
  for (const tool of ["dirname", "sh"]) symlinkSync(await pathOf(tool), join(folder, tool));
  const ended = await run("/bin/sh", ["scripts/prepare.sh"], { PATH: folder });
  expect(ended).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("Node.js is not installed"),
  });
});

async function pathOf(tool: string): Promise<string> {
  const { stdout } = await run("/bin/sh", ["-c", `command -v ${tool}`]);
  return stdout.trim();
}
