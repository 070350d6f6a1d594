/** `pin`, as a process: what it says of source files, and that it changes none. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtCli } from "./built-cli.js";

const ONE = `sha256:${"1".repeat(64)}`;
const TWO = `sha256:${"2".repeat(64)}`;
const cli = builtCli();

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(cli.folder, "home-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const pin = (...args: string[]) => cli.run(["pin", ...args], { env: { HOME: home } });

function source(name: string, text: string | Buffer): string {
  writeFileSync(join(home, name), text);
  return join(home, name);
}

/** Keeps digests of tags of docker.io/library, each as tag, digest and platform. */
function know(...entries: readonly [tag: string, digest: string, platform?: string][]): void {
  const folder = join(home, ".cache/dagger-circuit-breaker");
  mkdirSync(folder, { recursive: true });
  const digests = entries.map(([tag, digest, platform = ""]) => ({
    reference: `docker.io/library/${tag}`,
    platform,
    digest,
    learntAtMs: Date.now() - 3 * 3_600_000,
    proven: false,
  }));
  writeFileSync(join(folder, "digests.json"), JSON.stringify({ version: 1, digests }));
}

test("for each image it says where it stands, whether it is pinned, and what to write", async () => {
  know(["alpine:3.20", ONE], ["node:latest", TWO]);
  const text = `dag.container().from("alpine:3.20")\n  .from("node").from("redis:7")\n  .from("a@${ONE}")\n`;
  const file = source("ci.ts", text);
  const { exitCode, stdout, stderr } = await pin(file);
  expect(exitCode).toBe(0);
  const rows = stdout.trimEnd().split("\n");
  expect(rows.map((line) => line.split(/ {2,}/))).toEqual([
    ["WHERE", "IMAGE", "STATE", "WRITE"],
    [`${file}:1:23`, "alpine:3.20", "not pinned", `alpine:3.20@${ONE} (seen 3 h ago)`],
    [`${file}:2:10`, "node", "not pinned", `node:latest@${TWO} (seen 3 h ago)`],
    [`${file}:2:23`, "redis:7", "not pinned", "digest not known"],
    [`${file}:3:10`, "a@sha256:111111111111...", "pinned"],
  ]);
  expect(stderr).toMatch(/run the pipeline once with the guard's option pin on/);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("--json tells the same to programs", async () => {
  know(["alpine:3.20", ONE]);
  const file = source("Dockerfile", "ARG V=3.20\nFROM alpine:$V\nFROM app:$X\n");
  const { stdout, stderr } = await pin("--json", file, join(home, "none"));
  expect(JSON.parse(stdout)).toEqual({
    images: [
      {
        file,
        line: 2,
        column: 6,
        image: "alpine:3.20",
        reference: "docker.io/library/alpine:3.20",
        pinned: false,
        platform: "",
        buildArguments: true,
        digest: ONE,
        write: `alpine:3.20@${ONE}`,
        learntAtMs: expect.any(Number),
        differs: false,
      },
    ],
    unread: [{ file, line: 3, column: 6, why: "build-argument" }],
    refused: [{ file: join(home, "none"), reason: "cannot be read (ENOENT)" }],
  });
  expect(stderr).toBe(`error: ${join(home, "none")} cannot be read (ENOENT)\n`);
});

test("--check fails for an image that is not pinned, and for none else", async () => {
  know(["alpine:3.20", ONE]);
  const loose = source("a.Dockerfile", "FROM alpine:3.20\n");
  const pinned = source("b.Dockerfile", `FROM alpine:3.20@${ONE}\nFROM scratch\n`);
  const empty = source("c.yml", "name: x\n");
  expect((await pin("--check", loose, pinned)).exitCode).toBe(55);
  expect((await pin("--check", pinned, empty)).exitCode).toBe(0);
  expect(await pin("--check", empty)).toMatchObject({
    exitCode: 0,
    stdout: "No image was found.\n",
  });
});

test("digests that differ by platform are told apart", async () => {
  know(["alpine:3", ONE, "linux/amd64"], ["alpine:3", TWO, "linux/arm64"]);
  const file = source("Dockerfile", "FROM alpine:3\nFROM --platform=linux/arm64 alpine:3\n");
  const written = async (...args: string[]) =>
    JSON.parse((await pin("--json", file, ...args)).stdout).images.map(
      ({ digest }: { digest: string | null }) => digest,
    );
  expect(await written()).toEqual([null, TWO]);
  expect(await written("--platform", "linux/amd64")).toEqual([ONE, TWO]);
  const { stdout, stderr } = await pin(file);
  expect(stdout).toMatch(/differs by platform/);
  expect(stderr).toMatch(/--platform/);
});

test("files that are none of source are refused, and the others read", async () => {
  const loose = source("Dockerfile", "FROM alpine:3\n");
  const large = source("large.ts", "x".repeat(1024 * 1024 + 1));
  const binary = source("binary.ts", Buffer.from([0x46, 0, 1]));
  const { exitCode, stdout, stderr } = await pin("--check", large, binary, home, loose);
  expect(exitCode).toBe(66);
  expect(stdout).toContain("alpine:3");
  expect(stderr).toContain(`error: ${large} is longer than 1 MiB`);
  expect(stderr).toContain(`error: ${binary} is binary`);
  expect(stderr).toContain(`error: ${home} is a folder`);
});

test("credentials in a source file are told of, and not shown", async () => {
  const file = source("ci.py", 'dag.container().from_("bot:hunter2@r.example/app:1")\n');
  const { exitCode, stdout, stderr } = await pin(file);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "No image was found.\n" });
  expect(stderr).toBe(`${file}:1:24: not read, credentials stand in the name of the image\n`);
});

test("a damaged file of digests is said, and does no harm", async () => {
  const file = source("Dockerfile", "FROM alpine:3\n");
  const { exitCode, stdout, stderr } = await pin(file, "--digests", file);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/digest not known/);
  expect(stderr).toMatch(/no digest is known: .* is no file of known digests/);
});

test.each([
  [[], /missing required argument 'file'/],
  [["x", "--platform", "a b"], /Expected a platform, such as linux\/arm64/],
])("%j is refused", async (args, message) => {
  const { exitCode, stderr } = await pin(...args);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(message);
});
