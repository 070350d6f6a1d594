/** Tests known digests in a file: its content, its access rights, and invalid files. */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultDigestPath, readDigests } from "../../src/guard/digests/digest-disk.js";
import { DigestFile } from "../../src/guard/digests/digest-file.js";
import type { KnownDigest } from "../../src/guard/digests/known-digests.js";
import { testWhere } from "../only-where.js";

const ONE = `sha256:${"1".repeat(64)}`;
const TWO = `sha256:${"2".repeat(64)}`;
const ALPINE = "docker.io/library/alpine:3.20";
const START_MS = 1_700_000_000_000;

/** The id of the user `nobody`. */
const NOBODY = 65_534;

let folder: string;
let path: string;
let time: { nowMs: number };
let warnings: { message: string; code: unknown; type: unknown }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "digest-file-"));
  path = join(folder, "cache/digests.json");
  time = { nowMs: START_MS };
  warnings = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((message: string, details: object) => {
    warnings.push({ message, ...(details as { code: unknown; type: unknown }) });
  }) as typeof process.emitWarning);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const openFile = (at = path) => new DigestFile({ path: at, wallClock: () => time.nowMs });
const onDisk = (): readonly KnownDigest[] => readDigests(path, time.nowMs).digests;

/** Remembers a digest and writes it to the file. */
function learnt(reference = ALPINE, digest = ONE): DigestFile {
  const file = openFile();
  file.remember(reference, "", digest);
  file.flush();
  return file;
}

/** Runs an action as a user without the rights of root, even when root runs the tests. */
function asOrdinaryUser(action: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    chownSync(folder, NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
  }
  try {
    action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

function put(text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test("the next process knows the learned and proven digests", () => {
  const file = learnt();
  file.prove(ALPINE, "", ONE);
  file.flush();
  expect(openFile().find(ALPINE, "")).toEqual({
    reference: ALPINE,
    platform: "",
    digest: ONE,
    learntAtMs: START_MS,
    proven: true,
  });
});

test("reads and creates nothing before the first question and the first change", () => {
  const file = openFile();
  file.flush();
  expect(file.find(ALPINE, "")).toBeUndefined();
  file.flush();
  expect(readdirSync(folder)).toEqual([]);
});

testWhere(process.platform !== "win32")("only its owner may read it", () => {
  learnt();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

test("writes simultaneous changes together, shortly after", () => {
  vi.useFakeTimers();
  const file = openFile();
  file.remember(ALPINE, "", ONE);
  file.remember(ALPINE, "linux/arm64", TWO);
  file.prove(ALPINE, "", ONE);
  expect(existsSync(path)).toBe(false);
  vi.advanceTimersByTime(50);
  expect(onDisk()).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});

test("writes a digest that is seen again once a minute at most", () => {
  const file = learnt();
  const write = () => {
    file.remember(ALPINE, "", ONE);
    file.flush();
    return onDisk()[0]?.learntAtMs;
  };
  time.nowMs = START_MS + 59_999;
  expect(write()).toBe(START_MS);
  expect(file.find(ALPINE, "")?.learntAtMs).toBe(time.nowMs);
  time.nowMs = START_MS + 60_000;
  expect(write()).toBe(START_MS + 60_000);
});

test("keeps changes that other processes wrote in between", () => {
  const file = openFile();
  file.remember(ALPINE, "", ONE);
  learnt("docker.io/library/node:22", TWO);
  file.flush();
  expect(onDisk()).toHaveLength(2);
  expect(file.find("docker.io/library/node:22", "")?.digest).toBe(TWO);
});

test("of two digests for one tag the one seen last stays, whatever is written last", () => {
  const early = openFile();
  early.remember(ALPINE, "", ONE);
  time.nowMs += 10;
  learnt(ALPINE, TWO);
  early.flush();
  expect(onDisk()).toMatchObject([{ digest: TWO }]);
  expect(early.find(ALPINE, "")?.digest).toBe(TWO);
});

test("does not restore a digest that another process has forgotten", () => {
  const file = learnt();
  put('{"version":1,"digests":[]}');
  file.prove(ALPINE, "", ONE);
  file.flush();
  expect(onDisk()).toEqual([]);
  expect(file.find(ALPINE, "")).toBeUndefined();
});

test.each([
  ["damaged", '{"version":1,"digests":[{"ref'],
  ["of another program", '{"auths":{}}'],
  ["of a later version", '{"version":2,"digests":[]}'],
  ["too large", " ".repeat(1024 * 1024 + 1)],
  ["binary", "\u0000\u0001"],
])("treats a file that is %s as empty, and replaces it", (_what, text) => {
  put(text);
  expect(openFile().find(ALPINE, "")).toBeUndefined();
  learnt();
  expect(onDisk()).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test("skips invalid entries, and keeps those of others", () => {
  const sound = { reference: ALPINE, platform: "", digest: ONE, learntAtMs: 5, proven: true };
  put(
    JSON.stringify({ version: 1, digests: [{ ...sound, reference: "u:p@x.example/a:1" }, sound] }),
  );
  expect(openFile().find(ALPINE, "")).toEqual(sound);
});

testWhere(process.platform !== "win32")("neither waits for a pipe nor replaces it", () => {
  mkdirSync(dirname(path));
  execFileSync("mkfifo", [path]);
  const file = learnt();
  expect(file.find(ALPINE, "")?.digest).toBe(ONE);
  expect(statSync(path).isFIFO()).toBe(true);
  expect(warnings).toMatchObject([{ code: "digests-not-kept" }]);
});

test("a link stays a link", () => {
  mkdirSync(dirname(path));
  const real = join(folder, "real.json");
  writeFileSync(real, "");
  symlinkSync(real, path);
  learnt();
  expect(readFileSync(real, "utf8")).toContain(ALPINE);
  expect(readFileSync(path, "utf8")).toContain(ALPINE);
  expect(readdirSync(folder).sort()).toEqual(["cache", "real.json"]);
});

test("without write access it continues in memory, and warns once", () => {
  const blocked = join(folder, "file");
  writeFileSync(blocked, "");
  const at = join(blocked, "cache/digests.json");
  for (const file of [openFile(at), openFile(at)]) {
    file.remember(ALPINE, "", ONE);
    file.flush();
    file.remember("docker.io/library/node:22", "", TWO);
    file.flush();
    expect(file.find(ALPINE, "")?.digest).toBe(ONE);
    expect(file.find("docker.io/library/node:22", "")?.digest).toBe(TWO);
  }
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ type: "CircuitBreakerWarning", code: "digests-not-kept" });
  expect(warnings[0]?.message).not.toContain("alpine");
});

testWhere(process.platform !== "win32")("uses a file that may be read but not written", () => {
  asOrdinaryUser(() => {
    learnt();
    chmodSync(dirname(path), 0o500);
    const file = openFile();
    expect(file.find(ALPINE, "")?.digest).toBe(ONE);
    file.remember(ALPINE, "", TWO);
    file.flush();
    chmodSync(dirname(path), 0o700);
    expect(file.find(ALPINE, "")?.digest).toBe(TWO);
    expect(onDisk()).toMatchObject([{ digest: ONE }]);
  });
});

test("without a home it keeps digests only in memory", () => {
  const file = new DigestFile({ env: {} });
  file.remember(ALPINE, "", ONE);
  file.flush();
  expect(file.path).toBeUndefined();
  expect(file.find(ALPINE, "")?.digest).toBe(ONE);
  expect(warnings).toMatchObject([{ code: "digests-not-kept" }]);
});

test("while another process writes, a write waits for a bounded time and is retried", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const file = openFile();
  file.remember(ALPINE, "", ONE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.lock`, "");
  const waits = vi.spyOn(Atomics, "wait");
  vi.advanceTimersByTime(50);
  const waitedMs = waits.mock.calls.reduce((sum, [, , , ms = 0]) => sum + Number(ms), 0);
  waits.mockRestore();
  expect(waitedMs).toBeGreaterThan(0);
  expect(waitedMs).toBeLessThan(400);
  expect(existsSync(path)).toBe(false);
  expect(file.find(ALPINE, "")?.digest).toBe(ONE);
  rmSync(`${path}.lock`);
  vi.advanceTimersByTime(500);
  expect(onDisk()).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test("takes over a lock that its owner left behind", () => {
  mkdirSync(dirname(path));
  writeFileSync(`${path}.lock`, "half of a fi");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  learnt();
  expect(onDisk()).toHaveLength(1);
  expect(readdirSync(dirname(path))).toEqual(["digests.json"]);
});

test("keeps the 5,000 digests learned last", () => {
  const file = openFile();
  for (let index = 0; index < 4_990; index++) {
    time.nowMs++;
    file.remember(`a.example/x:${index}`, "", ONE);
  }
  file.flush();
  for (let index = 0; index < 20; index++) {
    time.nowMs++;
    file.remember(`b.example/x:${index}`, "", ONE);
  }
  file.flush();
  expect(onDisk()).toHaveLength(5_000);
  expect(openFile().find("a.example/x:9", "")).toBeUndefined();
  expect(openFile().find("a.example/x:10", "")).toBeDefined();
  expect(openFile().find("b.example/x:19", "")).toBeDefined();
  expect(statSync(path).size).toBeLessThanOrEqual(1024 * 1024);
});

test.each([
  [{ XDG_CACHE_HOME: "/x", HOME: "/h" }, "linux", "/x/dagger-circuit-breaker/digests.json"],
  [{ HOME: "/h" }, "linux", "/h/.cache/dagger-circuit-breaker/digests.json"],
  [{ XDG_CACHE_HOME: "x", HOME: "/h" }, "linux", "/h/.cache/dagger-circuit-breaker/digests.json"],
  [{ HOME: "/h" }, "darwin", "/h/Library/Caches/dagger-circuit-breaker/digests.json"],
  [{ LOCALAPPDATA: "/l", HOME: "/h" }, "win32", "/l/dagger-circuit-breaker/digests.json"],
  [{}, "linux", undefined],
  [{ HOME: "" }, "darwin", undefined],
  [{ HOME: "h" }, "linux", undefined],
  [{ HOME: "/h" }, "win32", undefined],
])("with %j on %s the path is %s", (env, system, expected) => {
  expect(defaultDigestPath(env, system)).toBe(expected);
});

test("rejects invalid options by name", () => {
  expect(() => new DigestFile({ path: "" })).toThrow(/"path" is "", expected a text/);
  expect(() => new DigestFile({ file: "x" } as never)).toThrow(/"file" is not known/);
});
