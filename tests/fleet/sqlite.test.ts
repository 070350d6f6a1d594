/** Tests a store in SQLite: the rules, invalid files, and problems of the disk. */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { openStore } from "../../src/fleet/open-store.js";
import type { FleetReply } from "../../src/fleet/rules/reply.js";
import { RETENTION_MS } from "../../src/fleet/rules/retention.js";
import { loadSqlite } from "../../src/fleet/sqlite/node-sqlite.js";
import { sqliteStore } from "../../src/fleet/sqlite/sqlite-store.js";
import type { FleetEntry, FleetStore } from "../../src/fleet/store.js";
import { fleetStoreConformance } from "../../src/testing/fleet/index.js";
import { testWhere } from "../only-where.js";
import { admit, KEY, settle } from "./commands.js";

const folder = mkdtempSync(join(tmpdir(), "fleet-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
function newPath(): string {
  made += 1;
  return join(folder, `${made}`, "fleet.db");
}

async function using<T>(store: FleetStore, use: (store: FleetStore) => Promise<T>): Promise<T> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

const successes = ({ snapshot }: FleetReply) => snapshot.counts.successes;

const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

if (hasSqlite) withSqlite();
else {
  test("without node:sqlite a store names the Node.js version that it needs", async () => {
    const why = `sqlite: stores need Node.js 22.13 or later (this is ${process.versions.node})`;
    expect(() => sqliteStore({ path: newPath() })).toThrow(why);
    await expect(openStore(`sqlite:${newPath()}`)).rejects.toThrow(why);
  });
}

function withSqlite(): void {
  describe("the conformance suite", () => {
    const path = newPath();
    const cases = fleetStoreConformance({
      open: () => sqliteStore({ path, busyTimeoutMs: 1000 }),
    });
    test.each(cases)("$title", ({ run }) => run());
  });

  test("a file that another process creates while it is opened is not another program's", async () => {
    const path = newPath();
    const { prototype } = loadSqlite().DatabaseSync;
    const { prepare } = prototype;
    const others: Promise<unknown>[] = [];
    const spy = vi.spyOn(prototype, "prepare").mockImplementation(function (this: never, sql) {
      if (sql === "PRAGMA user_version" && others.length === 0) {
        const other = sqliteStore({ path, busyTimeoutMs: 1 });
        others.push(other.run(KEY, settle()).catch(() => {}));
        others.push(other.close());
      }
      return prepare.call(this, sql);
    });
    try {
      await using(sqliteStore({ path }), (store) => store.run(KEY, settle()));
    } finally {
      spy.mockRestore();
      await Promise.all(others);
    }
    expect(others).toHaveLength(2);
  });

  test("creates a file with its folders, for its owner alone", async () => {
    const path = newPath();
    await using(await openStore(`sqlite:${path}`), (store) => store.run(KEY, admit()));
    await using(sqliteStore({ path }), async (store) => {
      await store.run(KEY, settle());
      const modes = readdirSync(join(path, "..")).map(
        (name) => statSync(join(path, "..", name)).mode & 0o777,
      );
      expect(modes).toEqual([0o600, 0o600, 0o600]);
      expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
    });
  });

  test("finds the circuits again in a reopened file", async () => {
    const path = newPath();
    await using(sqliteStore({ path }), (store) => store.run(KEY, settle({ successes: 3 })));
    await using(sqliteStore({ path }), async (store) => {
      expect(successes(await store.run(KEY, { kind: "read" }))).toBe(3);
    });
  });

  test("commands of one tick keep their order, including reads", async () => {
    await using(sqliteStore({ path: newPath() }), async (store) => {
      const replies = await Promise.all([
        store.run(KEY, { kind: "read" }),
        store.run(KEY, settle()),
        store.run(KEY, { kind: "read" }),
        store.run(KEY, settle({ successes: 2 })),
        store.run(KEY, admit()),
      ]);
      expect(replies.map(successes)).toEqual([0, 1, 1, 3, 3]);
    });
  });

  test("a closed circuit admits calls while another process writes", async () => {
    const path = newPath();
    await using(sqliteStore({ path, busyTimeoutMs: 0 }), async (store) => {
      await store.run(KEY, settle());
      const other = new (loadSqlite().DatabaseSync)(path);
      other.exec("BEGIN IMMEDIATE");
      expect((await store.run(KEY, admit())).admitted).toBe(1);
      await expect(store.run(KEY, settle())).rejects.toMatchObject({
        code: "FLEET_STORE",
        message: `${path} is busy: another process held it for more than 0 ms`,
      });
      other.exec("ROLLBACK");
      expect(successes(await store.run(KEY, settle()))).toBe(2);
      other.close();
    });
  });

  test("deletes unused circuits, with their history", async () => {
    let nowMicros = 1_700_000_000_000_000;
    const path = newPath();
    await using(sqliteStore({ path, nowMicros: () => nowMicros }), async (store) => {
      await store.run(KEY, { kind: "reset", reason: null, owner: "Ann" });
      nowMicros += RETENTION_MS * 1000 - 1000;
      expect(await store.history(KEY)).toHaveLength(1);
      nowMicros += 1000;
      expect(await store.history(KEY)).toEqual([]);
      expect(await store.list(KEY.scope)).toEqual([]);
      await store.run({ ...KEY, name: "another" }, admit());
      const rows = new (loadSqlite().DatabaseSync)(path);
      expect(rows.prepare("SELECT name FROM circuits").all()).toMatchObject([{ name: "another" }]);
      expect(rows.prepare("SELECT * FROM changes").all()).toEqual([]);
      rows.close();
    });
  });

  test("keeps no more than 10,000 circuits", async () => {
    let nowMicros = 1_700_000_000_000_000;
    await using(sqliteStore({ path: newPath(), nowMicros: () => nowMicros }), async (store) => {
      const names = Array.from({ length: 10_001 }, (_, index) => `${index}`);
      await Promise.all(
        names.map((name) => {
          const added = store.run({ ...KEY, name }, admit());
          nowMicros += 1000;
          return added;
        }),
      );
      const listed = new Set((await store.list(KEY.scope)).map(({ name }) => name));
      expect(listed.size).toBe(10_000);
      expect(listed.has("0")).toBe(false);
    });
  });

  test("lists the same circuits in one list and a few at a time", async () => {
    await using(sqliteStore({ path: newPath(), nowMicros: () => 1e15 }), async (store) => {
      const names = Array.from({ length: 25 }, (_, index) => `${index}`);
      await Promise.all(names.map((name) => store.run({ ...KEY, name }, settle())));
      const pages: (readonly FleetEntry[])[] = [];
      for await (const page of store.pages?.(KEY.scope, undefined, true) ?? []) pages.push(page);
      expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(await store.list(KEY.scope, undefined, true));
    });
  });

  test("recreates a file that was removed", async () => {
    const path = newPath();
    await using(sqliteStore({ path }), async (store) => {
      await store.run(KEY, settle());
      rmSync(join(path, ".."), { recursive: true });
      expect(successes(await store.run(KEY, settle()))).toBe(1);
      expect(existsSync(path)).toBe(true);
      await using(sqliteStore({ path }), async (other) => {
        expect(successes(await other.run(KEY, settle()))).toBe(2);
      });
    });
  });

  test("leaves a file alone that is not a database, and creates one once it is gone", async () => {
    const path = newPath();
    mkdirSync(join(path, ".."));
    writeFileSync(
      path,
      "no database, but a text that is long enough to be read as a header".repeat(9),
    );
    const { size } = statSync(path);
    await using(sqliteStore({ path }), async (store) => {
      const why = {
        code: "FLEET_STORE",
        message: expect.stringMatching(/^\S+ cannot be used: file is not a database/),
      };
      await expect(store.run(KEY, admit())).rejects.toMatchObject(why);
      await expect(store.open()).rejects.toMatchObject(why);
      expect(statSync(path).size).toBe(size);
      renameSync(path, `${path}.old`);
      expect((await store.run(KEY, admit())).admitted).toBe(1);
    });
  });

  test("a file damaged later fails, and works again once it is repaired", async () => {
    const path = newPath();
    await using(sqliteStore({ path }), (store) => store.run(KEY, settle()));
    await using(sqliteStore({ path }), async (store) => {
      await store.open();
      const size = statSync(path).size;
      truncateSync(path, 4096);
      truncateSync(path, size);
      await expect(store.run(KEY, settle())).rejects.toMatchObject({ code: "FLEET_STORE" });
      await expect(store.list(KEY.scope)).rejects.toMatchObject({ code: "FLEET_STORE" });
      rmSync(path);
      expect(successes(await store.run(KEY, settle()))).toBe(1);
    });
  });

  test.each([
    [
      "of another program",
      "CREATE TABLE t (a)",
      /^\S+ is the database of another program; use another file$/,
    ],
    [
      "of another program without a table",
      "PRAGMA user_version = 7",
      /^\S+ is the database of another program; use another file$/,
    ],
    [
      "of a later version",
      "PRAGMA application_id = 0x64636231; PRAGMA user_version = 2",
      /^\S+ has schema version 2, but this version of dagger-circuit-breaker needs 1; use another file$/,
    ],
  ])("leaves a database %s unchanged", async (_, sql, message) => {
    const path = newPath();
    mkdirSync(join(path, ".."));
    const database = new (loadSqlite().DatabaseSync)(path);
    database.exec(sql);
    await using(sqliteStore({ path }), async (store) => {
      await expect(store.run(KEY, admit())).rejects.toMatchObject({
        code: "FLEET_STORE",
        message: expect.stringMatching(message),
      });
    });
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    database.close();
  });

  testWhere(process.platform !== "win32")("rejects a pipe or a folder at once", async () => {
    const pipe = newPath();
    mkdirSync(join(pipe, ".."));
    execFileSync("mkfifo", [pipe]);
    for (const path of [join(pipe, ".."), "/dev/null", pipe]) {
      await using(sqliteStore({ path }), async (store) => {
        await expect(store.run(KEY, admit())).rejects.toMatchObject({
          code: "FLEET_STORE",
          message: `${path} is not a regular file; use an SQLite file or a new path`,
        });
      });
    }
  });

  test("a folder that cannot be created is an error until it can", async () => {
    const path = newPath();
    writeFileSync(join(path, ".."), "");
    await using(sqliteStore({ path }), async (store) => {
      await expect(store.open()).rejects.toThrow(`${path} cannot be used: `);
      rmSync(join(path, ".."));
      await store.open();
      expect((await store.run(KEY, admit())).admitted).toBe(1);
    });
  });

  test("a folder without write access is an error until it has it", async () => {
    const path = newPath();
    mkdirSync(join(path, ".."));
    await using(sqliteStore({ path }), async (store) => {
      chmodSync(join(path, ".."), 0o500);
      // Root may write everywhere, so there is no error for root.
      const mayWrite = process.getuid?.() === 0;
      const asked = store.run(KEY, admit());
      if (mayWrite) expect((await asked).admitted).toBe(1);
      else await expect(asked).rejects.toThrow(`${path} cannot be used: EACCES`);
      chmodSync(join(path, ".."), 0o700);
      expect((await store.run(KEY, admit())).admitted).toBe(1);
    });
  });

  test("a closed store rejects with that reason", async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    const last = store.run(KEY, settle());
    await store.close();
    expect(successes(await last)).toBe(1);
    await expect(store.run(KEY, admit())).rejects.toThrow(`the store in ${path} is closed`);
    await store.close();
  });

  test.each([
    [undefined, 'sqliteStore option "path" is missing, expected the path of a file'],
    ["", 'sqliteStore option "path" is "", expected a text of 1 to 4096 characters'],
    [":memory:", 'sqliteStore option "path" is ":memory:", expected the path of a file'],
    ["a\0b", 'sqliteStore option "path" is "a\\u0000b", expected the path of a file'],
  ])("rejects the path %j", (path, message) => {
    expect(() => sqliteStore({ path } as { path: string })).toThrow(message);
  });
}
