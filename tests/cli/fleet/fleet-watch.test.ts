/** Tests `watch` over a real store: as a table on a terminal, and line by line elsewhere. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { openStore } from "../../../src/fleet/open-store.js";
import { fleetCli, POLICY, type Running } from "./fleet-cli.js";

const HUB = "registry:docker.io";
/** The escape sequence at the start of each picture, which moves the cursor to the upper left corner. */
const HOME = "\u001b[H";
const fleet = fleetCli();

/** Waits until a running command line has printed a text. */
function seen(running: Running, what: RegExp, stream: "stdout" | "stderr" = "stdout") {
  return vi.waitFor(() => expect(running[stream]).toMatch(what));
}

const watch = (...more: string[]) => fleet.start(["watch", ...more]);

test("each change is a line, at once and with its cause", async () => {
  await fleet.fail("git:github.com");
  const running = watch();
  await seen(running, /\n/);
  expect(running.stdout).toMatch(
    /^\S+Z git:github\.com: open, retry in (10 min|9 min \d+ s): registry \(registry\.unavailable\), by runner-1, \S+\n$/,
  );
  expect(running.stderr).toBe(`watching 1 circuit in the scope "${fleet.scope}"\n`);
  await fleet.fail(HUB);
  await seen(running, /docker/);
  await fleet.run(["reset", HUB, "--reason", "it is back", "--owner", "ada"]);
  await seen(running, /reset/);
  const [, opened, reset] = running.stdout.split("\n");
  expect(opened).toMatch(
    /^\S+Z registry:docker\.io: opened: one failure, closed -> open for 10 min: registry \(registry\.unavailable\), by runner-1, /,
  );
  expect(reset).toMatch(/^\S+Z registry:docker\.io: reset, open -> closed: it is back, by ada$/);
  expect(await running.end()).toBe(0);
});

test("--json prints an object a line: states first, then changes", async () => {
  await fleet.fail("git:github.com", { failures: 0, successes: 1, failure: null, openNow: false });
  const running = watch("--json");
  await seen(running, /"state"/);
  await fleet.run(["isolate", HUB, "--reason", "moves\u009b", "--for", "1h", "--owner", "ada"]);
  await seen(running, /"change"/);
  const objects = running.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(objects).toMatchObject([
    { event: "state", name: "git:github.com", state: "closed", counts: { successes: 1 } },
    { event: "change", name: HUB, reason: "isolate", note: "moves\u009b", owner: "ada" },
  ]);
  expect(running.stdout).not.toContain("\u009b");
  expect(await running.end()).toBe(0);
  expect(running.stderr).toBe("");
});

test("watches only the named circuits", async () => {
  const running = watch(HUB);
  await seen(running, /watching 1 circuit/, "stderr");
  await fleet.fail("git:github.com");
  await fleet.fail(HUB);
  await seen(running, /docker/);
  expect(running.stdout).not.toContain("github");
  await running.end();
});

test("a terminal gets a table with a countdown, and is restored with the last one", async () => {
  await fleet.fail(HUB, { policy: { ...POLICY, resetTimeoutMs: 59_000 } });
  const running = fleet.start(["watch"], { isTTY: true, columns: 120, env: { NO_COLOR: "1" } });
  const pictures = () => running.stdout.split(HOME).slice(1);
  await vi.waitFor(() => expect(pictures().length).toBeGreaterThan(3));
  const waits = pictures().map((one) => Number(/ (\d+) s +0 +1 +0 /.exec(one)?.[1]));
  expect(waits[0]).toBeLessThanOrEqual(59);
  expect(Number(waits.at(-1))).toBeLessThan(Number(waits[0]));
  await fleet.run(["reset", HUB]);
  await seen(running, /, 0 not closed/);
  expect(await running.end()).toBe(0);
  expect(running.stdout.startsWith("\u001b[?1049h")).toBe(true);
});

test("more circuits than terminal rows do not scroll it", async () => {
  for (let index = 0; index < 12; index += 1) await fleet.fail(`http:h${index}.example`);
  const running = fleet.start(["watch"], { isTTY: true, rows: 8 });
  await seen(running, /… 9 more/);
  const [, picture = ""] = running.stdout.split(HOME);
  expect(picture.split("\r\n")).toHaveLength(7);
  await running.end();
});

test.each([
  ["lines", [], /asking again until the store answers/, /the store answers again/],
  ["JSON", ["--json"], /"event":"store","up":false/, /"event":"store","up":true/],
])("reports a store that goes away and returns (%s)", async (_what, more, lost, found) => {
  const running = watch("--store-timeout", "1s", ...more);
  const stream = more.length === 0 ? "stderr" : "stdout";
  await fleet.fail(HUB);
  await seen(running, /docker/);
  await fleet.server.kill();
  await seen(running, lost, stream);
  await fleet.server.restart();
  await seen(running, found, stream);
  await fleet.fail("git:github.com");
  await seen(running, /github/);
  expect(await running.end()).toBe(0);
});

test("a table shows its age while the store is away", async () => {
  await fleet.fail(HUB);
  const running = fleet.start(["watch", "--store-timeout", "1s"], { isTTY: true });
  await seen(running, /docker/);
  await fleet.server.kill();
  await seen(running, /last known states, no answer for \d+ s: the store cannot be used/);
  await fleet.server.restart();
  await vi.waitFor(() => expect(running.stdout.split(HOME).at(-1)).toMatch(/^0 circuits /));
  await running.end();
});

const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

test("polls a store without pushes each second, and rejects a missing file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-watch-"));
  const path = join(folder, "fleet.db");
  const terminal = { env: { DAGGER_BREAKER_STORE: `sqlite:${path}` } };
  try {
    const { exitCode, stderr } = await fleet.run(["status"], terminal);
    if (!hasSqlite) {
      expect({ exitCode, stderr }).toEqual({
        exitCode: 69,
        stderr: expect.stringMatching(/22\.13/),
      });
      return;
    }
    expect({ exitCode, stderr }).toEqual({
      exitCode: 66,
      stderr: `error: invalid --store: the file ${JSON.stringify(path)} does not exist; check the path\n`,
    });
    expect(existsSync(path)).toBe(false);
    const isolate = ["isolate", HUB, "--reason", "moves", "--for", "1h"];
    expect((await fleet.run(isolate, terminal)).exitCode).toBe(0);
    const running = fleet.start(["watch"], terminal);
    await seen(running, /isolated, retry in/);
    const store = await openStore(`sqlite:${path}`);
    const key = { scope: fleet.scope, name: HUB };
    await store.run(key, { kind: "release", owner: "ada", reason: null });
    await store.close();
    await seen(running, /released, open -> closed, by ada/);
    expect(await running.end()).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
