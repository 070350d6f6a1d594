/** Tests the command `digests`, as a process, on files of its own. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtCli } from "./built-cli.js";

const ONE = `sha256:${"1".repeat(64)}`;
const TWO = `sha256:${"2".repeat(64)}`;
const HOUR_MS = 3_600_000;
const cli = builtCli();

let home: string;
let store: string;
beforeEach(() => {
  home = mkdtempSync(join(cli.folder, "home-"));
  store = join(home, ".cache/dagger-circuit-breaker/digests.json");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const digests = (...args: string[]) => cli.run(["digests", ...args], { env: { HOME: home } });

function entry(reference: string, digest = ONE, ageMs = 5 * HOUR_MS, more = {}) {
  const learntAtMs = Date.now() - ageMs;
  return { reference, platform: "", digest, learntAtMs, proven: true, ...more };
}

/** Writes a file of known digests, and returns its path. */
function keep(entries: readonly object[], path = store): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ version: 1, digests: entries }));
  return path;
}

async function known(): Promise<Record<string, unknown>[]> {
  return JSON.parse((await digests("--json")).stdout).digests;
}

test("lists the images of the working folder's lock file below them", async () => {
  mkdirSync(join(home, "repo/.git"), { recursive: true });
  mkdirSync(join(home, "repo/ci"));
  const file = join(home, "repo/dagger.lock");
  writeFileSync(
    file,
    `# by dagger\n[["version","2"]]\n["","oci-sha",["docker.io/library/alpine:3.20"],"${ONE}"]\n`,
  );
  const run = (...args: string[]) =>
    cli.run(["digests", ...args], { env: { HOME: home }, cwd: join(home, "repo/ci") });
  const { stdout } = await run();
  expect(stdout.split("\n").slice(1, -1)).toEqual([
    "",
    `Locked by ${file}:`,
    "LOCKED                         PLATFORM  DIGEST",
    `docker.io/library/alpine:3.20  any       ${ONE}`,
  ]);
  const image = { reference: "docker.io/library/alpine:3.20", platform: "", digest: ONE };
  expect(JSON.parse((await run("--json")).stdout)).toMatchObject({
    lock: { file, images: [image] },
  });
  expect(JSON.parse((await digests("--json")).stdout)).not.toHaveProperty("lock");
});

test("lists known digests by their tags", async () => {
  keep([
    entry("ghcr.io/acme/app:1", TWO, 49 * HOUR_MS, { platform: "linux/arm64", proven: false }),
    entry("docker.io/library/alpine:3.20"),
  ]);
  const { exitCode, stdout, stderr } = await digests();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["REFERENCE", "PLATFORM", "DIGEST", "AGE", "PROVEN"],
    ["docker.io/library/alpine:3.20", "engine's", ONE, "5 h", "yes"],
    ["ghcr.io/acme/app:1", "linux/arm64", TWO, "2 d", "no"],
    [""],
  ]);
  expect(await digests("list")).toEqual({ exitCode, stdout, stderr });
});

test("--json prints the file and its digests", async () => {
  const alpine = entry("docker.io/library/alpine:3.20");
  keep([alpine]);
  const { exitCode, stdout } = await digests("--json");
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ file: store, digests: [alpine] });
});

test("reports an empty list, and creates no file", async () => {
  expect(await digests()).toEqual({
    exitCode: 0,
    stdout: `No digest is known (${store}).\n`,
    stderr: "",
  });
  expect((await digests("forget", "--all")).exitCode).toBe(0);
  expect(existsSync(dirname(store))).toBe(false);
});

test("never shows damaged content", async () => {
  keep([entry("user:hunter2@r.example/a:1"), entry("docker.io/library/alpine:3.20")]);
  const listed = await digests();
  expect(listed.stdout.split("\n")).toHaveLength(3);
  expect(listed.stderr).toMatch(/: skipped 1 damaged entry/);
  writeFileSync(store, "hunter2");
  const { exitCode, stdout, stderr } = await digests();
  expect({ exitCode, stdout }).toEqual({ exitCode: 66, stdout: "" });
  expect(stderr).toMatch(/is not a file of known digests/);
  expect(listed.stdout + listed.stderr + stderr).not.toContain("hunter2");
});

test("forgets tags on every platform, and keeps the others", async () => {
  keep([
    entry("docker.io/library/alpine:3.20"),
    entry("docker.io/library/alpine:3.20", TWO, 1, { platform: "linux/arm64" }),
    entry("docker.io/library/node:22"),
  ]);
  const { exitCode, stdout, stderr } = await digests("forget", "alpine:3.20", "redis");
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`forgot 2 digests of ${store}\n`);
  expect(stderr).toBe("no digest of docker.io/library/redis:latest is known\n");
  expect(await known()).toMatchObject([{ reference: "docker.io/library/node:22" }]);
});

test("forgets old digests, or all", async () => {
  const other = join(home, "other.json");
  keep([entry("a.example/x:1", ONE, HOUR_MS), entry("a.example/x:2", ONE, 9 * HOUR_MS)]);
  keep([entry("a.example/x:1")], other);
  const older = await digests("forget", "--older-than", String(2 * HOUR_MS));
  expect(older.stdout).toBe(`forgot 1 digest of ${store}\n`);
  expect(await known()).toMatchObject([{ reference: "a.example/x:1" }]);
  expect((await digests("forget", "--all", "--file", other)).exitCode).toBe(0);
  expect(await known()).toHaveLength(1);
  expect(JSON.parse(readFileSync(other, "utf8")).digests).toEqual([]);
});

test("replaces a damaged file only when all of it is removed", async () => {
  mkdirSync(dirname(store), { recursive: true });
  writeFileSync(store, "{");
  expect((await digests("forget", "alpine")).exitCode).toBe(66);
  expect(readFileSync(store, "utf8")).toBe("{");
  expect((await digests("forget", "--all")).exitCode).toBe(0);
  expect(await known()).toEqual([]);
});

test("imports what another machine exports, without the proof", async () => {
  keep([entry("docker.io/library/alpine:3.20"), entry("a.example/x:1", TWO, 9 * HOUR_MS)]);
  const file = join(home, "exported.json");
  const exported = await digests("export", "--output", file);
  expect(exported.stdout).toBe(`exported 2 digests to ${file}\n`);
  const printed = await digests("export");
  expect(printed.stdout).toBe(readFileSync(file, "utf8"));

  keep([entry("a.example/x:1", ONE, HOUR_MS)]);
  expect((await digests("import", file)).stdout).toBe(`imported 2 digests into ${store}\n`);
  expect(await known()).toMatchObject([
    { reference: "a.example/x:1", digest: ONE, proven: true },
    { reference: "docker.io/library/alpine:3.20", digest: ONE, proven: false },
  ]);
  const again = await cli.run(["digests", "import", "-"], {
    env: { HOME: home },
    stdin: printed.stdout,
  });
  expect(again.exitCode).toBe(0);
  if (process.platform !== "win32") expect(statSync(store).mode & 0o777).toBe(0o600);
});

test.each([
  [["forget"], 64, /name exactly one of: tags, --all, --older-than/],
  [["forget", "alpine", "--all"], 64, /name exactly one of/],
  [
    ["forget", "u:hunter2@r.example/a"],
    64,
    /invalid <reference> "\*\*\*@r\.example\/a": expected a tag/,
  ],
  [
    ["forget", "alpine@sha256:zz"],
    64,
    /invalid <reference> "alpine@sha256:zz": expected a tag without a digest/,
  ],
  [["forget", "Not an image"], 64, /invalid <reference> "Not an image": expected a tag/],
  [
    ["forget", "--older-than", "-1"],
    64,
    /invalid --older-than "-1": expected a duration, such as 12h or 30d/,
  ],
  [["import", "none.json"], 66, /cannot read "none.json" \(ENOENT\)/],
  [
    ["import", "-"],
    66,
    /standard input is empty; expected a file that dagger-breaker digests export/,
  ],
  [["import", "package.json"], 66, /package.json is not a file of known digests/],
  [["--file", "/dev/null"], 66, /is not a file/],
  [["list", "more"], 64, /too many arguments/],
  [["--file", "/dev/null/x"], 66, /cannot be read \(ENOTDIR\)/],
])("%j ends with %i", async (args, exitCode, message) => {
  const ended = await digests(...args);
  expect(ended).toMatchObject({ exitCode, stdout: "" });
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toContain("hunter2");
});

test("a file that cannot be written is 73, and no folder blocks it", async () => {
  const file = keep([entry("docker.io/library/alpine:3.20")], join(home, "given.json"));
  for (const path of ["/dev/null", "/proc/nowhere/digests.json", join(file, "x")]) {
    const { exitCode, stderr } = await digests("import", file, "--file", path);
    expect(exitCode === 73 || exitCode === 66).toBe(true);
    expect(stderr).toContain(path);
  }
});

test("without a home the file must be given", async () => {
  const { exitCode, stderr } = await cli.run(["digests"], { env: { HOME: "" } });
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(/--file is missing; .* neither HOME nor XDG_CACHE_HOME/);
});
