/** Tests a store that can be read but not written: what checks, metrics, clients and operators see. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { HealthView } from "../../src/cli/serve/health-view.js";
import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import { RUNS_CIRCUIT } from "../../src/fleet/rules/run-report.js";
import { loadSqlite } from "../../src/fleet/sqlite/node-sqlite.js";
import { sqliteStore } from "../../src/fleet/sqlite/sqlite-store.js";
import type { FleetKey, FleetStore } from "../../src/fleet/store.js";
import {
  FleetStoreError,
  StoreBusyError,
  UnreadableCircuitError,
  UnwritableStoreError,
} from "../../src/fleet/store-error.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { builtCli } from "../cli/built-cli.js";
import { describeWhere } from "../only-where.js";
import { admit, KEY, limit, settle } from "./commands.js";
import { ask, clientOf, startServer, TOKEN } from "./http-scene.js";
import { hasSqlite, startServe, urlOf } from "./serve-process.js";

const FULL = "database or disk is full (SQLite error 13)";
const READ = { kind: "read" } as const;
const READY = { status: 200, body: { status: "ok" } };
const UNWRITABLE = {
  status: 503,
  body: { status: "failed", error: `the store cannot be written: ${FULL}` },
};
const NOBODY = { headers: {} };
const RUNS = { ...KEY, name: RUNS_CIRCUIT };
const RUN = { result: "success", fault: null, durationMs: 1, waitedMs: 1, avoidedMs: 1 } as const;
const TOLD = { kind: "tell", rejections: 0, runs: [RUN], failedRunsMs: [] } as const;

/** The part of SQLite's module that this package does not use. */
interface WithStatements {
  readonly StatementSync: { readonly prototype: { run(...given: unknown[]): unknown } };
}

const cli = builtCli();
const folder = mkdtempSync(join(tmpdir(), "fleet-unwritable-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sets up the pages of `serve`, over a store whose writes fail with `disk.error`. */
function scene() {
  const disk: { error: Error | undefined } = { error: undefined };
  const writes: FleetCommand[] = [];
  const inner = memoryStore();
  const run = (key: FleetKey, command: FleetCommand) => {
    if (command.kind === "read" || command.kind === "admit") return inner.run(key, command);
    writes.push(command);
    return disk.error === undefined ? inner.run(key, command) : Promise.reject(disk.error);
  };
  const store: FleetStore = new Proxy(inner, {
    get(target, name: keyof FleetStore) {
      if (name === "run") return run;
      const own = target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  const clock = new VirtualClock();
  const reported: unknown[] = [];
  const viewed = { store, onStoreError: (error: unknown) => void reported.push(error) };
  const writing = new WriteCheck(viewed, clock);
  const view = new StoreView(viewed, clock);
  const health = new HealthView({ ...viewed, view, writing }, clock);
  const page = new MetricsView({ view, writing, kind: store.kind, droppedCount: () => 0 });
  const send = (command: FleetCommand = settle()) =>
    store.run(KEY, command).catch((error) => writing.note(error));
  /** Lets a second pass, after which each page asks the store again. */
  const ready = () => {
    clock.advance(1000);
    return health.ready();
  };
  const metrics = async () => {
    clock.advance(1000);
    return String(await page.text());
  };
  return { disk, writes, store, clock, reported, writing, health, send, ready, metrics };
}

const fullDisk = () =>
  new UnwritableStoreError(`/secret/fleet.db cannot be written: ${FULL}`, FULL);
const statusIs = (state: "up" | "down") =>
  new RegExp(`store_status\\{.*_state="${state}"\\} 1$`, "m");

test("a store that cannot be written is not ready, and the reply names the cause without a path", async () => {
  const { disk, send, ready } = scene();
  disk.error = fullDisk();
  await send();
  expect(await ready()).toEqual(UNWRITABLE);
});

test("a store that cannot be written is down in the metrics, which still list its circuits", async () => {
  const { disk, send, metrics } = scene();
  await send(limit());
  expect(await metrics()).toMatch(statusIs("up"));
  disk.error = fullDisk();
  await send();
  const page = await metrics();
  expect(page).toMatch(statusIs("down"));
  expect(page).toContain(`circuit_name="${KEY.name}"`);
});

test("checks notice without traffic that a write works again", async () => {
  const { disk, send, ready, metrics, reported } = scene();
  disk.error = fullDisk();
  await send();
  expect(await ready()).toEqual(UNWRITABLE);
  expect(reported).toEqual([disk.error]);
  disk.error = undefined;
  expect(await ready()).toEqual(READY);
  expect(await metrics()).toMatch(statusIs("up"));
});

test("the metrics alone notice that a write works again", async () => {
  const { disk, send, metrics } = scene();
  disk.error = fullDisk();
  await send();
  expect(await metrics()).toMatch(statusIs("down"));
  disk.error = undefined;
  expect(await metrics()).toMatch(statusIs("up"));
});

test("after a failed write, all checks of a second share one trial", async () => {
  const { disk, send, writes, clock, health, writing } = scene();
  disk.error = fullDisk();
  await send();
  for (let second = 1; second <= 3; second += 1) {
    clock.advance(1000);
    await Promise.all(Array.from({ length: 20 }, () => [health.ready(), writing.problem()]).flat());
    expect(writes.length).toBe(1 + second);
  }
});

test("checks of a store that works write nothing", async () => {
  const { writes, ready, metrics } = scene();
  expect(await ready()).toEqual(READY);
  await metrics();
  expect(writes).toEqual([]);
});

test("the write that is tried changes no count of a run and no circuit", async () => {
  const { disk, send, ready, metrics, store } = scene();
  await store.run(RUNS, TOLD);
  const timeless = async () => (await metrics()).replace(/^\S*_seconds\{.*$/gm, "");
  const before = await timeless();
  disk.error = fullDisk();
  await send();
  disk.error = undefined;
  expect(await ready()).toEqual(READY);
  expect(await timeless()).toBe(before);
  expect(await store.history(RUNS)).toEqual([]);
});

test.each([
  ["a busy file", new StoreBusyError("busy")],
  ["one unreadable circuit", new UnreadableCircuitError("invalid")],
  ["another error", new FleetStoreError("failed")],
])("%s does not count as a store that cannot be written", async (_, error) => {
  const { disk, send, ready, writes } = scene();
  disk.error = error;
  await send();
  expect(await ready()).toEqual(READY);
  expect(writes).toHaveLength(1);
});

test("clients learn the cause, without a path, and the server's owner how many outcomes were lost", async () => {
  const { disk, store } = scene();
  const lost: number[] = [];
  const { url } = await startServer({ store, onStoreError: (_, count) => void lost.push(count) });
  const client = clientOf(url);
  disk.error = fullDisk();
  await expect(client.run(KEY, settle({ successes: 3 }))).rejects.toThrow(
    new FleetStoreError(
      `the store at ${url} refused a command: the store of the server cannot be written: ${FULL}`,
    ),
  );
  expect(lost).toEqual([3]);
});

describeWhere(hasSqlite)("with node:sqlite", () => {
  /** Lets no SQLite file grow while `disk.full` is set. */
  function limitedDisk() {
    const disk = { full: false };
    const { prototype } = loadSqlite().DatabaseSync;
    const { exec } = prototype;
    const spy = vi.spyOn(prototype, "exec").mockImplementation(function (this: never, sql) {
      exec.call(this, sql);
      // SQLite takes the present size for a limit that is below it.
      if (disk.full && String(sql).includes("busy_timeout"))
        exec.call(this, "PRAGMA max_page_count = 1");
    });
    onTestFinished(() => spy.mockRestore());
    return disk;
  }

  test("a full file rejects writes with the cause, answers reads, and recovers by itself", async () => {
    const disk = limitedDisk();
    const path = join(folder, "full.db");
    const first = sqliteStore({ path });
    await first.run(KEY, settle());
    await first.close();
    disk.full = true;
    const store = sqliteStore({ path });
    onTestFinished(() => store.close());
    const named = (index: number) => ({ ...KEY, name: `${index}`.padStart(200, "x") });
    let failed: unknown;
    let count = 0;
    for (; failed === undefined && count < 1000; count += 1) {
      await store.run(named(count), settle()).catch((error) => {
        failed = error;
      });
    }
    expect(failed).toBeInstanceOf(UnwritableStoreError);
    expect(failed).toMatchObject({ message: `${path} cannot be written: ${FULL}`, reason: FULL });
    expect((await store.run(KEY, admit())).admitted).toBe(1);
    expect((await store.run(KEY, READ)).snapshot.counts.successes).toBe(1);
    disk.full = false;
    // The store opened its file again after the error, and that connection has the limit too.
    await store.run(named(count), settle()).catch(() => undefined);
    expect((await store.run(named(count), settle())).counted).toBe(1);
  });

  test("the write that is tried fails as long as the file cannot be written", async () => {
    const disk = { full: false };
    const { prototype } = (loadSqlite() as unknown as WithStatements).StatementSync;
    const { run } = prototype;
    const spy = vi.spyOn(prototype, "run").mockImplementation(function (
      this: unknown,
      ...given: unknown[]
    ) {
      const { sourceSQL } = this as { readonly sourceSQL: string };
      if (!disk.full || !/^(?:INSERT|UPDATE)/.test(sourceSQL)) return run.apply(this, given);
      throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    });
    onTestFinished(() => spy.mockRestore());
    const store = sqliteStore({ path: join(folder, "trial.db") });
    onTestFinished(() => store.close());
    await store.run(RUNS, TOLD);
    const clock = new VirtualClock();
    const writing = new WriteCheck({ store, onStoreError: () => undefined }, clock);
    disk.full = true;
    await store.run(KEY, settle()).catch((error) => writing.note(error));
    const answers: (string | undefined)[] = [];
    for (const full of [true, true, false, true]) {
      disk.full = full;
      answers.push(await writing.problem());
      clock.advance(1000);
    }
    // The last check wrote nothing, because the write before had worked.
    expect(answers).toEqual([FULL, FULL, undefined, undefined]);
  });

  test("serve reports a full disk in all its ways, loses no outcome silently, and recovers without traffic", async () => {
    const flag = join(folder, "full");
    const seam = join(folder, "full-disk.mjs");
    writeFileSync(
      seam,
      `import { existsSync } from "node:fs";
      const { StatementSync } = process.getBuiltinModule("node:sqlite");
      const { run } = StatementSync.prototype;
      StatementSync.prototype.run = function (...given) {
        const writes = /^(?:INSERT|UPDATE)/.test(this.sourceSQL);
        if (!writes || !existsSync(${JSON.stringify(flag)})) return run.apply(this, given);
        throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
      };`,
    );
    const readTokenFile = join(folder, "readers");
    writeFileSync(readTokenFile, `${TOKEN}-of-readers`);
    const files = ["--database", join(folder, "serve.db"), "--read-token-file", readTokenFile];
    const serving = startServe(cli, ["--listen", "127.0.0.1:0", ...files], {
      NODE_OPTIONS: `--no-warnings --import=${seam}`,
    });
    const url = await urlOf(serving);
    const ready = async () => {
      const { status, body } = await ask(url, "/health/ready", NOBODY);
      return { status, body: JSON.parse(body) };
    };
    const headers = { authorization: `Bearer ${TOKEN}-of-readers` };
    const metrics = async () => (await ask(url, "/metrics", { headers })).body;
    const client = clientOf(url);
    await client.run(KEY, settle());
    await client.run(RUNS, TOLD);
    expect(await ready()).toEqual(READY);
    writeFileSync(flag, "");
    for (let times = 0; times < 2; times += 1) {
      await expect(client.run(KEY, settle())).rejects.toThrow(`cannot be written: ${FULL}`);
    }
    expect((await client.run(KEY, admit())).admitted).toBe(1);
    await expect.poll(ready, { timeout: 60_000 }).toEqual(UNWRITABLE);
    await expect.poll(metrics, { timeout: 60_000 }).toMatch(statusIs("down"));
    expect(await metrics()).toMatch(/^dagger_breaker_store_dropped_total\{.*\} 2$/m);
    expect(serving.output.stderr).toMatch(
      /^dagger-breaker serve: \S+ cannot be written: database or disk is full \(SQLite error 13\)\n/,
    );
    rmSync(flag);
    await expect.poll(ready, { timeout: 60_000 }).toEqual(READY);
    await expect.poll(metrics, { timeout: 60_000 }).toMatch(statusIs("up"));
    expect((await client.run(KEY, settle())).counted).toBe(1);
  });
});
