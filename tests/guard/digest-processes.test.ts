/** Tests many processes that share a file of known digests. No change may be lost. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDigests } from "../../src/guard/digests/digest-disk.js";
import { buildPackage, projectFolder } from "../build.js";

const DIGEST = `sha256:${"1".repeat(64)}`;
let folder: string;
let dist: string;

beforeAll(async () => {
  folder = projectFolder("digest-processes");
  dist = join(await buildPackage(), "dist");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program to its end. The program can use `file` and `name`. */
async function run(store: string, name: string, program: string) {
  const path = join(folder, `program-${name}.mjs`);
  writeFileSync(
    path,
    `import { DigestFile } from "${dist}/guard/digests/digest-file.js";
     const name = ${JSON.stringify(name)};
     const file = new DigestFile({ path: ${JSON.stringify(store)} });
     ${program}`,
  );
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [exitCode] = await once(child, "close");
  return { exitCode, output };
}

test("eight processes that write at once lose nothing, although one before them died writing", async () => {
  const store = join(folder, "shared/digests.json");
  mkdirSync(dirname(store));
  writeFileSync(`${store}.lock`, "half of");
  utimesSync(`${store}.lock`, 0, 0);
  const program = `
    for (let index = 0; index < 20; index++) {
      file.remember(\`a.example/\${name}:\${index}\`, "", "${DIGEST}");
      if (index % 2 === 0) file.flush();
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }`;
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const runs = await Promise.all(names.map((name) => run(store, name, program)));
  expect(runs).toEqual(names.map(() => ({ exitCode: 0, output: "" })));
  expect(readDigests(store, Date.now()).digests).toHaveLength(160);
  expect(readdirSync(dirname(store))).toEqual(["digests.json"]);
});

test.each([
  ["comes to its end", ""],
  ["exits", "process.exit(0);"],
  ["fails", 'throw new Error("lost");'],
])("a process that %s at once has written its digests", async (name, end) => {
  const store = join(folder, `${name}.json`);
  await run(store, name.replaceAll(" ", "-"), `file.remember("alpine:3", "", "${DIGEST}"); ${end}`);
  expect(readDigests(store, Date.now()).digests).toMatchObject([
    { reference: "docker.io/library/alpine:3" },
  ]);
});

test("pending writes do not keep a process alive", async () => {
  const store = join(folder, "held.json");
  writeFileSync(`${store}.lock`, "");
  const started = performance.now();
  const { exitCode, output } = await run(
    store,
    "held",
    `file.remember("alpine:3", "", "${DIGEST}");`,
  );
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: "" });
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(readDigests(store, Date.now()).digests).toEqual([]);
});
