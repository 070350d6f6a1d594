/**
 * Tests the commands on shared circuits with an unreadable circuit, and with a file that other processes
 * lock.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openStore } from "../../../src/fleet/open-store.js";
import { loadSqlite } from "../../../src/fleet/sqlite/node-sqlite.js";
import { testWhere } from "../../only-where.js";
import { startOwnTime } from "../../own-time.js";
import { fleetCli } from "./fleet-cli.js";

const ownMs = startOwnTime();
const HUB = "registry:docker.io";
const GITHUB = "git:github.com";
const fleet = fleetCli();
const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

test("a key of a wrong type fails that circuit, and the others are shown", async () => {
  await fleet.fail(GITHUB);
  await fleet.server.send("SET", `dcb:1:{${fleet.scope}:${HUB}}`, "mine");
  const { exitCode, stdout, stderr } = await fleet.run(["status"]);
  expect([exitCode, stdout.split("\n").length]).toEqual([56, 3]);
  expect(stdout).toContain(GITHUB);
  expect(stderr).toMatch(
    /^"registry:docker\.io" cannot be read: the key .* is not a shared circuit: it is not a hash.*\n$/,
  );
  const named = await fleet.run(["status", HUB, GITHUB, "--json"]);
  expect(JSON.parse(named.stdout)).toMatchObject([{ name: GITHUB }]);
  expect(named.exitCode).toBe(56);
  expect((await fleet.run(["status", HUB])).exitCode).toBe(69);
});

testWhere(hasSqlite)("of a file, too", async () => {
  const { path, url, lock } = await newFile();
  lock.exec("UPDATE circuits SET state = '[]' WHERE name = 'registry:docker.io'");
  const { exitCode, stdout, stderr } = await fleet.run(["status", "--store", url]);
  expect([exitCode, stdout.includes(GITHUB), stdout.includes(HUB)]).toEqual([0, true, false]);
  expect(stderr).toContain(`"${HUB}" cannot be read: the circuit "${HUB}" in ${path} is invalid`);
});

test("an invalid key affects only itself", async () => {
  await fleet.fail(GITHUB);
  const long = "x".repeat(201);
  await fleet.server.send("HSET", `dcb:1:{${fleet.scope}:}`, "a", "b");
  await fleet.server.send("HSET", `dcb:1:{${fleet.scope}:${long}}`, "a", "b");
  const { exitCode, stdout, stderr } = await fleet.run(["status"]);
  expect([exitCode, stdout.split("\n").length]).toEqual([56, 3]);
  expect(stderr).toContain(`"" cannot be read: the key "dcb:1:{${fleet.scope}:}" in Redis`);
  expect(stderr.split("\n")).toHaveLength(3);
  expect((await fleet.run(["history"])).stdout).toContain(GITHUB);
});

testWhere(hasSqlite)(
  "isolate waits for a busy file up to its limit, and reports what was done",
  async () => {
    const { url, lock } = await newFile();
    const isolate = (time: string) =>
      fleet.run(
        ["isolate", HUB, "--store", url, "--reason", "moves", "--for", "1h"].concat([
          "--owner",
          "ada",
          "--store-timeout",
          time,
        ]),
      );
    lock.exec("BEGIN IMMEDIATE");
    const [before, ownBefore] = [performance.now(), ownMs()];
    const kept = await isolate("400ms");
    const [tookMs, tookOwnMs] = [performance.now() - before, ownMs() - ownBefore];
    expect(kept.exitCode).not.toBe(0);
    expect(kept.stderr).toMatch(/fleet\.db is busy: .*; "registry:docker\.io" was not changed\n$/);
    expect(tookMs).toBeGreaterThan(300);
    expect(tookOwnMs).toBeLessThan(3_000);
    const waiting = isolate("30s");
    await new Promise((resolve) => setTimeout(resolve, 300));
    lock.exec("ROLLBACK");
    expect(await waiting).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("isolated"),
    });
  },
);

/** Creates a file with two circuits, and another process's connection to the file. */
async function newFile() {
  const folder = mkdtempSync(join(tmpdir(), "dagger-circuit-breaker-busy-"));
  const path = join(folder, "fleet.db");
  const url = `sqlite:${path}`;
  const store = await openStore(url);
  for (const name of [HUB, GITHUB]) {
    await store.run({ scope: fleet.scope, name }, { kind: "reset", reason: null, owner: "ada" });
  }
  await store.close();
  const { DatabaseSync } = loadSqlite();
  const lock = new DatabaseSync(path);
  onTestFinished(() => {
    lock.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { path, url, lock };
}
