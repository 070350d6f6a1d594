/** Tests that the Dockerfile makes an image of the single file. Its steps run here as in a build. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildStage, makeContext, readStages } from "./image-stages.js";

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const stages = readStages(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
const [build, image] = stages;
if (build === undefined || image === undefined) throw new Error("the Dockerfile has two stages");
/** Matches the libraries that gcr.io/distroless/cc contains: glibc, libgcc and libstdc++. */
const LIBRARIES = /^(?:linux-vdso|ld-linux-\S+|lib(?:c|m|dl|pthread|gcc_s|stdc\+\+))\.so/;

/** Returns the folder with the version of Node.js that a build image contains. */
function binFolderOf(image: string): string {
  const major = /^node:(\d+)-/.exec(image)?.[1];
  if (process.versions.node.startsWith(`${major}.`)) return dirname(process.execPath);
  const alias = `node-${major}-${process.platform}-${process.arch}`;
  return join(ROOT, "tests/node_modules", alias, "bin");
}

/**
 * Runs the command of a RUN instruction with the Node.js of its image. The test has no network, so `npm ci`
 * takes the packages from the project, and compares them with the lock file.
 */
async function runStep(command: string, folder: string): Promise<void> {
  const env = {
    ...process.env,
    PATH: `${binFolderOf(build?.image ?? "")}${delimiter}${process.env.PATH}`,
    npm_config_dry_run: "true",
    npm_config_offline: "true",
  };
  await execute("sh", ["-c", command], { cwd: folder, env });
  if (/^npm ci\b/.test(command)) {
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  }
}

test("an image can use other base images, which are named once", () => {
  expect([build.image, image.image]).toEqual([
    "node:24-bookworm-slim",
    "gcr.io/distroless/cc-debian12:nonroot",
  ]);
});

test("root does not run the image's program, whatever the base image is", () => {
  const user = image.instructions.findLast(({ name }) => name === "USER")?.value ?? "";
  expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
});

describe("the steps of the Dockerfile", () => {
  let folder = "";
  let program = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dagger-breaker-image-"));
    const context = join(folder, "context");
    await makeContext(ROOT, readFileSync(join(ROOT, ".dockerignore"), "utf8"), context);
    const roots = { [build.name]: join(folder, "build") };
    await buildStage(build, join(folder, "build"), context, roots, runStep);
    await buildStage(image, join(folder, "image"), context, roots, runStep);
    const entry = image.instructions.find(({ name }) => name === "ENTRYPOINT")?.value ?? "[]";
    program = join(folder, "image", ...(JSON.parse(entry) as string[]));
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("put a program into the image that runs without Node.js", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const { stdout } = await execute(program, ["--version"], { env: { PATH: "" } });
    expect(stdout).toBe(`${version}\n`);
  });

  test("put the licenses beside it", () => {
    const path = join(folder, "image/usr/local/share/doc/dagger-breaker");
    expect(readFileSync(join(path, "dagger-breaker.licenses.txt"), "utf8")).toContain(
      "Node.js 24.",
    );
  });

  test("make a program that needs only libraries of the base image", async () => {
    const { stdout } = await execute("ldd", [program]);
    const names = [...stdout.matchAll(/^\s+(?:\S*\/)?(\S+\.so\S*)/gm)].map(([, name = ""]) => name);
    expect(names).toContain("libstdc++.so.6");
    expect(names.filter((name) => !LIBRARIES.test(name))).toEqual([]);
  });
});
