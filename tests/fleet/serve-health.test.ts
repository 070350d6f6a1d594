/** The health pages of `dagger-breaker serve` as a process. */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { builtCli } from "../cli/built-cli.js";
import { testWhere } from "../only-where.js";
import { KEY, limit } from "./commands.js";
import { ask, clientOf, TOKEN } from "./http-scene.js";
import { hasSqlite, startServe, urlOf } from "./serve-process.js";

const cli = builtCli();
const READ_TOKEN = `${TOKEN}-of-readers`;
const NOBODY = { headers: {} };
const READER = { headers: { authorization: `Bearer ${READ_TOKEN}` } };

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
