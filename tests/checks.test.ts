/** Tests scripts/test.sh with sections that hang or fail, and with missing tools. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { progressLine } from "../scripts/checks/progress.mjs";
import { Sections } from "../scripts/checks/sections.mjs";
import { findTool } from "../scripts/checks/tools.mjs";

/** An output that drops the progress. */
const SILENT = { write: () => true };

let lines: string[];
let exitCode: typeof process.exitCode;

beforeEach(() => {
  lines = [];
  exitCode = process.exitCode;
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  process.exitCode = exitCode;
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Hangs until the section is aborted. */
function hanging({ signal }: { signal: AbortSignal }): Promise<object> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve({})));
}

test("the closing line contains the counts of all sections", async () => {
  const sections = new Sections({ out: SILENT });
  await sections.run("one", async () => ({ counts: { passed: 3, failed: 0, skipped: 0 } }));
  await sections.run("two", async () => ({
    failed: "a test failed",
    counts: { passed: 1, failed: 2, skipped: 0 },
  }));
  sections.close();
  expect(lines.at(-1)).toBe("4 passed, 2 failed");
  expect(process.exitCode).toBe(1);
});

test("a failure outside of tests counts once", async () => {
  const sections = new Sections({ out: SILENT });
  expect(await sections.run("lint", async () => ({ failed: "a line is too long" }))).toBe(false);
  expect(await sections.run("throws", () => Promise.reject(new Error("no such program")))).toBe(
    false,
  );
  sections.close();
  expect(lines.join("\n")).toMatch(/a line is too long.*no such program/s);
  expect(lines.at(-1)).toBe("0 passed, 2 failed");
});

test("names failures before the closing line, however much was printed in between", async () => {
  const sections = new Sections({ out: SILENT });
  const names = Array.from(
    { length: 40 },
    (_, index) => `tests/a.test.ts > title ${index}\n again`,
  );
  await sections.run("one", async () => ({
    failed: "much output",
    failures: names,
    counts: { failed: 40 },
  }));
  await sections.run("lint", async () => ({
    failed: `checked\n\na.ts: error: ${"x".repeat(999)}`,
  }));
  await sections.run("fine", async () => ({ counts: { passed: 1 } }));
  sections.close();
  const shown = lines.slice(lines.indexOf("\nFailed:") + 1);
  expect(shown[0]).toBe("  one: tests/a.test.ts > title 0 again");
  expect(shown).toHaveLength(33);
  expect(shown.slice(30)).toEqual(["  and 11 more", "", "1 passed, 41 failed"]);
});

test("names a section without tests with its most informative line", async () => {
  const sections = new Sections({ out: SILENT });
  await sections.run("lint", async () => ({
    failed: `checked\n\na.ts: error: ${"x".repeat(999)}`,
  }));
  sections.close();
  expect(lines.at(-3)).toMatch(/^ {2}lint: a\.ts: error: x{100,240}\.\.\.$/);
});

test("ends a section that hangs after ten minutes, and still prints the closing line", async () => {
  const sections = new Sections({ out: SILENT });
  const hung = sections.run("hangs", hanging);
  await vi.advanceTimersByTimeAsync(10 * 60_000 - 1);
  expect(lines).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await hung).toBe(false);
  expect(lines.join("\n")).toContain("ended: this section took longer than 10 minutes");
  await sections.run("goes on", async () => ({ counts: { passed: 1 } }));
  sections.close();
  expect(lines.at(-1)).toBe("1 passed, 1 failed");
});

test("begins nothing more after an hour, and still prints the closing line", async () => {
  const sections = new Sections({ sectionLimitMs: 90 * 60_000, out: SILENT });
  const hung = sections.run("hangs", hanging);
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  await hung;
  const body = vi.fn();
  await sections.run("is late", body);
  expect(body).not.toHaveBeenCalled();
  expect(lines.join("\n")).toContain("not run: ended: the whole run took longer than 60 minutes");
  sections.close();
  expect(lines.at(-1)).toBe("0 passed, 2 failed");
});

test("the line before the last lists skipped parts, with the command that installs them", async () => {
  const sections = new Sections({ out: SILENT });
  await sections.run("skips", async () => ({ counts: { passed: 1, skipped: 7 } }));
  sections.skipHint("redis-server cannot be run");
  sections.close();
  expect(lines.at(-2)).toMatch(/^7 tests were skipped; .*--install.*redis-server cannot be run/);
  expect(lines.at(-1)).toBe("1 passed, 0 failed, 7 skipped");
  expect(process.exitCode).toBe(0);
});

test("without a terminal the progress of a section is a line every ten seconds", async () => {
  const write = vi.fn();
  const line = progressLine("Tests", { isTTY: false, write });
  line.update("1 of 3 files");
  await vi.advanceTimersByTimeAsync(9_999);
  expect(write).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(10_001);
  expect(write).toHaveBeenCalledTimes(2);
  expect(write).toHaveBeenLastCalledWith(
    expect.stringMatching(/^Tests \.\.\. 1 of 3 files .* s\n$/),
  );
  line.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(write).toHaveBeenCalledTimes(2);
});

test("on a terminal the progress is one line that never wraps", async () => {
  const write = vi.fn();
  const line = progressLine("Tests", { isTTY: true, columns: 20, write });
  line.update("a state that is longer than the terminal is wide");
  await vi.advanceTimersByTimeAsync(500);
  const [last = ""] = write.mock.lastCall ?? [];
  expect(last.slice(0, 4)).toBe("\r\u001b[K");
  expect(last.slice(4)).toMatch(/^Tests \.\.\. .{1,9}$/);
  line.end();
});

test("finds an installed tool", async () => {
  stubRedis('echo "Redis server v=7.2.4 sha=00000000:0"');
  expect(await findTool("redis-server", { installs: false })).toBeUndefined();
});

test("finds Valkey too", async () => {
  stubRedis('echo "Valkey server v=8.0.1 sha=00000000:0"');
  expect(await findTool("redis-server", { installs: false })).toBeUndefined();
});

test("reports a missing or outdated tool with its installation", async () => {
  vi.stubEnv("REDIS_SERVER", "/no-such-folder/redis-server");
  const missing = await findTool("redis-server", { installs: false });
  expect(missing).toContain("/no-such-folder/redis-server 7.0 or later cannot be run (ENOENT)");
  expect(missing).toContain('Debian: "apt-get install redis-server"');
  expect(missing).toContain("the variable REDIS_SERVER");
  stubRedis('echo "Redis server v=6.2.7 sha=00000000:0"');
  const old = await findTool("redis-server", { installs: false });
  expect(old).toContain("is Redis server v=6.2.7 sha=00000000:0, and 7.0 or later is needed");
});

/** Installs a script as the `redis-server` that the tests start. */
function stubRedis(script: string): void {
  const folder = mkdtempSync(join(tmpdir(), "tools-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "redis-server");
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv("REDIS_SERVER", program);
}
