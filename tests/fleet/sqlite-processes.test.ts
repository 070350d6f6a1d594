/**
 * Tests one SQLite file that many processes use. No outcome may be lost when processes are killed or the
 * disk is full.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sqliteStore } from "../../src/fleet/sqlite/sqlite-store.js";
import { buildPackage, projectFolder } from "../build.js";
import { KEY, settle } from "./commands.js";

const PROGRAM = fileURLToPath(new URL("sqlite-process.mjs", import.meta.url));
const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

let folder = "";
let module = "";
beforeAll(async () => {
  folder = projectFolder("sqlite");
  module = pathToFileURL(join(await buildPackage(), "dist/fleet/sqlite/index.js")).href;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

class Worker {
  readonly child: ChildProcess;
  readonly lines: string[] = [];

  /** @param limit A shell command that runs before the process starts. */
  constructor(path: string, times: number, limit = ":") {
    const args = [process.execPath, PROGRAM, module, path, String(times)];
    this.child = spawn("sh", ["-c", `${limit}; exec "$@"`, "sh", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.lines.push(...text.split("\n").filter((line) => line !== ""));
    });
  }

  get answered(): number {
    return this.lines.filter((line) => line === ".").length;
  }

  async ended(): Promise<void> {
    await once(this.child, "close");
  }
}

async function successesIn(path: string): Promise<number> {
  const store = sqliteStore({ path, busyTimeoutMs: 1000 });
  const { snapshot } = await store.run(KEY, { kind: "read" });
  await store.close();
  return snapshot.counts.successes;
}

if (hasSqlite) withSqlite();
else {
  test("without node:sqlite a process names the Node.js version that it needs", async () => {
    const store = execFileSync(
      process.execPath,
      [
        "-e",
        "import(process.argv[1]).then((m) => m.sqliteStore({ path: 'x' })).catch((e) => console.log(e.message))",
        module,
      ],
      { encoding: "utf8" },
    );
    expect(store).toBe(
      `sqlite: stores need Node.js 22.13 or later (this is ${process.versions.node})\n`,
    );
  });
}

function withSqlite(): void {
  test("loses no report of four concurrent processes, from the creation of the file on", async () => {
    const path = join(folder, "four", "fleet.db");
    const workers = Array.from({ length: 4 }, () => new Worker(path, 500));
    await Promise.all(workers.map((worker) => worker.ended()));
    expect(workers.map(({ answered, lines }) => [answered, lines.length])).toEqual(
      Array(4).fill([500, 500]),
    );
    expect(await successesIn(path)).toBe(2000);
  });

  test("killed processes leave everything that was answered, and block no other", async () => {
    const path = join(folder, "killed", "fleet.db");
    const staying = new Worker(path, 0);
    let answered = 0;
    const rounds = 8;
    for (let round = 0; round < rounds; round += 1) {
      const worker = new Worker(path, 0);
      await vi.waitFor(() => expect(worker.answered).toBeGreaterThan(10));
      worker.child.kill("SIGKILL");
      await worker.ended();
      answered += worker.answered;
    }
    const before = staying.answered;
    await vi.waitFor(() => expect(staying.answered).toBeGreaterThan(before));
    staying.child.kill("SIGKILL");
    await staying.ended();
    answered += staying.answered;
    const successes = await successesIn(path);
    // Each killed process may have written one more outcome, whose reply it could not print.
    expect(successes).toBeGreaterThanOrEqual(answered);
    expect(successes).toBeLessThanOrEqual(answered + rounds + 1);
  });

  test("reports a full disk, and the file stays valid", async () => {
    const path = join(folder, "full", "fleet.db");
    // A limit on the size of files acts like a full disk. The limit is 512 blocks of 512 or 1,024 bytes.
    const worker = new Worker(path, 0, "ulimit -f 512");
    await worker.ended();
    expect(worker.answered).toBeGreaterThan(0);
    expect(worker.lines.at(-1)).toMatch(
      /^FLEET_STORE: \S+ cannot be written: .* \(SQLite error \d+\)$/,
    );
    expect(await successesIn(path)).toBe(worker.answered);
    const store = sqliteStore({ path });
    expect((await store.run(KEY, settle())).counted).toBe(1);
    await store.close();
  });
}
