/** Tests several `dagger-breaker run` that share one store, as on several machines. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { RedisServer } from "../../fleet/redis/redis-server.js";
import { builtCli } from "../built-cli.js";
import { replay } from "../replay.js";

const cli = builtCli();
let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.close());

const RUN = {
  GITHUB_SERVER_URL: "https://github.example.com",
  GITHUB_REPOSITORY: "acme/app",
  GITHUB_RUN_ID: "42",
};

/** A store on a busy machine may need longer than the default of a second. */
const PATIENT = { DAGGER_BREAKER_STORE_TIMEOUT: "10s" };

/** Runs `dagger call test` with a stand-in that performs one task, and with the given store. */
async function runUnder(store: string, task: string, options: readonly string[] = [], env = {}) {
  const dagger = replay(cli.folder, task);
  const args = ["run", "--store", store, ...options, "--", dagger.dagger, "call", "test"];
  const run = await cli.run(args, { env: { ...PATIENT, ...dagger.env, ...env } });
  return { ...run, starts: dagger.starts() };
}

test("a run is not started when another found its upstream limiting, and it names that run", async () => {
  const scope = ["--scope", "egress-1"];
  const first = await runUnder(redis.url, "pull-429", scope, RUN);
  expect(first.exitCode).not.toBe(75);
  const needs = ["--needs", "registry:docker.io"];
  const second = await runUnder(redis.url, "ok", [...scope, ...needs]);
  expect([second.exitCode, second.starts]).toEqual([75, []]);
  expect(second.stderr).toMatch(
    /^dagger-breaker: rejected \(circuit open: registry:docker\.io, since 20.*Z, opened by .* \(https:\/\/github\.example\.com\/acme\/app\/actions\/runs\/42\) in scope egress-1, retry in .*\), exit code 75\n$/,
  );
});

test("a program that prints a failure of Dagger changes nothing in the store, and learns which option would", async () => {
  const printing = async (scope: string, ...options: readonly string[]) => {
    const shared = ["--store", redis.url, "--scope", scope];
    const make = replay(cli.folder, "pull-429");
    const args = [
      "run",
      ...shared,
      ...options,
      "--retry",
      "2",
      "--",
      "sh",
      "-c",
      "dagger call test",
    ];
    const first = await cli.run(args, { env: { ...PATIENT, ...make.env } });
    const needs = ["--scope", scope, "--needs", "registry:docker.io"];
    const second = await runUnder(redis.url, "ok", needs);
    return { ...first, starts: make.starts(), next: second.exitCode };
  };
  const forged = await printing("egress-4");
  // The rate limit still counts in the run itself.
  expect([forged.exitCode, forged.starts]).toEqual([75, ["pull-429"]]);
  expect(forged.stderr).toMatch(
    /not reported to the store; add --needs registry:docker\.io to report it\n$/,
  );
  expect(forged.next).toBe(0);
  const needed = await printing("egress-5", "--needs", "registry:docker.io");
  expect([needed.exitCode, needed.starts]).toEqual([75, ["pull-429"]]);
  expect(needed.stderr).not.toContain("not reported to the store");
  expect(needed.next).toBe(75);
});

test("runs of another scope, or with other needs, continue", async () => {
  await runUnder(redis.url, "pull-429", ["--scope", "egress-2"]);
  const other = await runUnder(redis.url, "ok", ["--needs", "registry:docker.io"]);
  expect([other.exitCode, other.starts]).toEqual([0, ["ok"]]);
  const ghcr = await runUnder(redis.url, "ok", [
    "--scope",
    "egress-2",
    "--needs",
    "registry:ghcr.io",
  ]);
  expect([ghcr.exitCode, ghcr.starts]).toEqual([0, ["ok"]]);
});

test("the variables work like the options", async () => {
  const env = { ...PATIENT, DAGGER_BREAKER_STORE: redis.url, DAGGER_BREAKER_SCOPE: "egress-3" };
  const dagger = replay(cli.folder, "pull-429", "ok");
  await cli.run(["run", "--", dagger.dagger, "call", "test"], { env: { ...dagger.env, ...env } });
  const second = await cli.run(
    ["run", "--needs", "registry:docker.io", "--", dagger.dagger, "call", "test"],
    { env: { ...dagger.env, ...env } },
  );
  expect(second.exitCode).toBe(75);
});

test("a missing store keeps no command from running, and the end reports it", async () => {
  const run = await runUnder("redis://user:hunter2@127.0.0.1:1", "ok");
  expect([run.exitCode, run.starts]).toEqual([0, ["ok"]]);
  expect(run.stderr).toMatch(/The store of shared circuits did not answer \(.*\); this run/);
  expect(run.stderr).not.toContain("hunter2");
});

test("reports an invalid store before any command runs, without its password", async () => {
  const run = await runUnder("mysql://user:hunter2@db", "ok");
  expect([run.exitCode, run.starts]).toEqual([64, []]);
  expect(run.stderr).toMatch(/invalid --store: unsupported scheme "mysql:"; use redis:/);
  expect(run.stderr).not.toContain("hunter2");
});
