/** Tests `dagger-breaker serve` as a process: its messages, its clients, and its end. */

import { once } from "node:events";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { FleetEntry } from "../../src/fleet/store.js";
import { builtCli } from "../cli/built-cli.js";
import { replay } from "../cli/replay.js";
import { testWhere } from "../only-where.js";
import { KEY, limit, settle } from "./commands.js";
import { ask, clientOf, openStream, TOKEN } from "./http-scene.js";
import { hasSqlite, type ServeArguments, startServe, urlOf } from "./serve-process.js";

const cli = builtCli();
const READ_TOKEN = `${TOKEN}-of-readers`;
const NOBODY = { headers: {} };
const READER = { headers: { authorization: `Bearer ${READ_TOKEN}` } };
const READ = { kind: "read" } as const;
const start = (...given: ServeArguments) => startServe(cli, ...given);

test("without a token it does not start, and explains how to create one", async () => {
  const serving = start([], { DAGGER_BREAKER_STORE_TOKEN: "" });
  expect(await serving.ended).toEqual([64, null]);
  expect(serving.output).toEqual({
    stdout: "",
    stderr:
      'error: the token is missing; put it into DAGGER_BREAKER_STORE_TOKEN or a file for --token-file; "openssl rand -hex 32" creates one\nsee: dagger-breaker serve --help\n',
  });
});

if (hasSqlite) withSqlite();
else {
  test("without node:sqlite it names the Node.js version that it needs", async () => {
    const serving = start([]);
    expect(await serving.ended).toEqual([73, null]);
    expect(serving.output.stderr).toBe(
      `error: sqlite: stores need Node.js 22.13 or later (this is ${process.versions.node})\n`,
    );
  });
}

function withSqlite(): void {
  test("shows metrics of what it keeps to the read token, and to no other", async () => {
    const file = join(cli.folder, "read-token");
    const readToken = `${TOKEN}-of-scrapes`;
    writeFileSync(file, readToken);
    const url = await urlOf(start(["--listen", "127.0.0.1:0", "--read-token-file", file]));
    await clientOf(url).run({ ...KEY, name: "scraped" }, limit());
    const scrape = (token: string) =>
      ask(url, "/metrics", { headers: { authorization: `Bearer ${token}` } });
    const { status, body } = await scrape(readToken);
    expect(status).toBe(200);
    expect(body).toMatch(/^dagger_breaker_shared_circuit_status\{.*"scraped".*"open"\} 1$/m);
    expect((await scrape(TOKEN)).status).toBe(401);
  });

  test("runs tell their results to it, and a rejected one the time that it avoided", async () => {
    const file = join(cli.folder, "read-token-of-runs");
    writeFileSync(file, `${TOKEN}-of-scrapes`);
    const database = join(cli.folder, "runs.db");
    const serving = start([
      ...["--listen", "127.0.0.1:0", "--database", database],
      ...["--read-token-file", file],
    ]);
    const url = await urlOf(serving);
    const run = async (task: string) => {
      const dagger = replay(cli.folder, task);
      const needs = ["--needs", "registry:docker.io", "--json"];
      const env = {
        ...dagger.env,
        DAGGER_BREAKER_STORE: url,
        DAGGER_BREAKER_STORE_TOKEN: TOKEN,
        // A store on a busy machine may need longer than the default of a second.
        DAGGER_BREAKER_STORE_TIMEOUT: "10s",
      };
      const args = ["run", ...needs, "--", dagger.dagger, "call", "test"];
      const { exitCode, stderr } = await cli.run(args, { env });
      return { exitCode, report: JSON.parse(stderr.slice(stderr.indexOf("{\n"))) };
    };
    const succeeded = await run("ok");
    const failed = await run("pull-429");
    const key = { scope: "default", name: "registry:docker.io" };
    const failedRunsMs = [240_000, 240_000, 240_000, 240_000];
    const client = clientOf(url);
    await client.open();
    await client.run(key, { kind: "tell", rejections: 0, runs: [], failedRunsMs });
    const rejected = await run("ok");
    expect([succeeded.exitCode, failed.exitCode === 0, rejected.exitCode]).toEqual([0, false, 75]);
    expect(failed.report.avoidedMs).toBe(0);
    expect(rejected.report.avoidedMs).toBe(240_000);
    expect(rejected.report.summary).toContain(", about 4 min of run time avoided");
    const headers = { authorization: `Bearer ${TOKEN}-of-scrapes` };
    const lines = (await ask(url, "/metrics", { headers })).body.split("\n");
    const scope = 'dagger_breaker_circuit_scope="default"';
    const count = (result: string) =>
      `dagger_breaker_run_duration_seconds_count{${scope},cicd_pipeline_task_run_result="${result}"} 1`;
    for (const result of ["success", "error", "skip"]) expect(lines).toContain(count(result));
    expect(lines).toContain(`dagger_breaker_run_errors_total{${scope},error_type="registry"} 1`);
    expect(lines).toContain(`dagger_breaker_run_avoided_time_seconds_total{${scope}} 240`);
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toEqual([0, null]);
  });

  test("prints its address in one line, and keeps circuits beside known digests", async () => {
    const serving = start(["--listen", "127.0.0.1:0"]);
    const url = await urlOf(serving);
    const client = clientOf(url);
    expect((await client.run(KEY, settle())).counted).toBe(1);
    const file = join(cli.folder, "home/.cache/dagger-circuit-breaker/fleet.db");
    expect(serving.output).toEqual({
      stdout: `dagger-breaker serve: listening on ${url}, circuits in ${file}\n`,
      stderr: "",
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await ask(url, "/1/health", { headers: {} })).toMatchObject({ body: "ok\n" });
    expect(await ask(url, "/1/circuits?scope=default", { headers: {} })).toMatchObject({
      status: 401,
    });
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s ends it with code 0, with open streams",
    async (signal) => {
      const database = join(cli.folder, `${signal}.db`);
      const serving = start(["--listen", "127.0.0.1:0", "--database", database]);
      const url = await urlOf(serving);
      await clientOf(url).run(KEY, settle());
      const { socket } = await openStream(url, KEY.scope);
      const cut = once(socket, "close");
      serving.child.kill(signal);
      expect(await serving.ended).toEqual([0, null]);
      await cut;
      expect(serving.output.stderr).toBe("");
      // SQLite removes its log file when the database is closed properly.
      expect(existsSync(`${database}-wal`)).toBe(false);
    },
  );

  test("a killed server returns with everything that it had answered", async () => {
    const database = join(cli.folder, "killed.db");
    const first = start(["--listen", "127.0.0.1:0", "--database", database]);
    const url = await urlOf(first);
    const client = clientOf(url);
    const [one, other] = [client, clientOf(url)];
    const heard: FleetEntry[] = [];
    other.subscribe(KEY.scope, (entry) => heard.push(entry));
    let answered = 0;
    let killed = false;
    const busy = (async () => {
      while (!killed) {
        const done = await one.run(KEY, settle()).catch(() => undefined);
        if (done !== undefined) answered += 1;
      }
    })();
    await vi.waitFor(() => expect(answered).toBeGreaterThan(20));
    first.child.kill("SIGKILL");
    expect(await first.ended).toEqual([null, "SIGKILL"]);
    killed = true;
    await busy;
    const again = start(["--listen", new URL(url).host, "--database", database]);
    await urlOf(again);
    const { snapshot } = await client.run(KEY, READ);
    // The killed server may have applied the last command without replying.
    expect([answered, answered + 1]).toContain(snapshot.counts.successes);
    await vi.waitFor(async () => {
      await client.run(KEY, { kind: "reset", reason: null, owner: "Ann" });
      expect(heard).not.toEqual([]);
    });
    expect((await client.run(KEY, limit())).changes).toMatchObject([{ reason: "opened-at-once" }]);
    expect((await other.run(KEY, READ)).snapshot.state).toBe("open");
  });

  test("a token may come from a file, and is never shown", async () => {
    const token = "another-token-of-tests-0123";
    const file = join(cli.folder, "token");
    writeFileSync(file, `${token}\n`);
    const serving = start(["--listen", "127.0.0.1:0", "--token-file", file]);
    const url = await urlOf(serving);
    await clientOf(url, { token }).open();
    await expect(clientOf(url).open()).rejects.toThrow("status 401");
    const commandLine = existsSync("/proc/self/cmdline")
      ? readFileSync(`/proc/${serving.child.pid}/cmdline`, "utf8")
      : "";
    expect(`${JSON.stringify(serving.output)}${commandLine}`).not.toContain(token);
  });

  test("reports an address in use with its exit code", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const serving = start(["--listen", `127.0.0.1:${port}`]);
    expect(await serving.ended).toEqual([71, null]);
    expect(serving.output.stderr).toBe(
      `error: cannot listen on 127.0.0.1:${port} (EADDRINUSE); choose another --listen address\n`,
    );
  });

  test("reports a database of another kind with its exit code", async () => {
    const database = join(cli.folder, "text.db");
    writeFileSync(database, "no database, but a text that is long enough to be one".repeat(9));
    const serving = start(["--database", database]);
    expect(await serving.ended).toEqual([73, null]);
    expect(serving.output.stderr).toMatch(
      new RegExp(`^error: ${database} cannot be used: file is not a database`),
    );
  });

  test("reports a failing database once, and uses it again when it recovers", async () => {
    const database = join(cli.folder, "failing.db");
    const serving = start(["--listen", "127.0.0.1:0", "--database", database]);
    const client = clientOf(await urlOf(serving));
    await client.run(KEY, settle());
    renameSync(database, `${database}.old`);
    for (const suffix of ["-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
    writeFileSync(database, "no database, but a text that is long enough to be one".repeat(9));
    for (let times = 0; times < 3; times += 1) {
      await expect(client.run(KEY, settle())).rejects.toThrow("the store of the server failed");
    }
    rmSync(database);
    expect((await client.run(KEY, settle())).counted).toBe(1);
    expect(serving.output.stderr).toMatch(
      /^dagger-breaker serve: \S+ cannot be used: file is not a database[^\n]*\n$/,
    );
  });
}

testWhere(hasSqlite)(
  "serve is live and ready while its database works, and lists circuits to the read token",
  async () => {
    const file = join(cli.folder, "read-token");
    writeFileSync(file, READ_TOKEN);
    const database = join(cli.folder, "health.db");
    const serving = startServe(cli, [
      ...["--listen", "127.0.0.1:0", "--database", database],
      ...["--read-token-file", file],
    ]);
    const url = await urlOf(serving);
    expect(await ask(url, "/health/live", NOBODY)).toMatchObject({
      status: 200,
      body: '{"status":"ok"}',
    });
    expect(await ask(url, "/health/ready", NOBODY)).toMatchObject({
      status: 200,
      body: '{"status":"ok"}',
    });
    await clientOf(url).run(KEY, limit());
    const circuits = (query: string) => ask(url, `/health/circuits${query}`, READER);
    await expect
      .poll(async () => JSON.parse((await circuits("")).body).counts.open, { timeout: 60_000 })
      .toBe(1);
    expect((await circuits("")).status).toBe(200);
    expect((await circuits(`?fail=${KEY.name}`)).status).toBe(503);
    renameSync(database, `${database}.old`);
    for (const suffix of ["-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
    writeFileSync(database, "no database, but a text that is long enough to be one".repeat(9));
    const ready = async () => (await ask(url, "/health/ready", NOBODY)).status;
    await expect.poll(ready, { timeout: 60_000 }).toBe(503);
    expect((await ask(url, "/health/live", NOBODY)).status).toBe(200);
    rmSync(database);
    await expect.poll(ready, { timeout: 60_000 }).toBe(200);
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toEqual([0, null]);
  },
);
