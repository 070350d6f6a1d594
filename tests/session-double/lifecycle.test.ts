/** Tests how engines, sessions and CLI processes end, and what the session answers afterwards. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { startSessionDouble } from "../../src/testing/index.js";
import { ask, data, send } from "./client.js";

const SLEEP =
  '{ container { from(address: "busybox") { withExec(args: ["sleep","30"]) { stdout } } } }';
const ECHO =
  '{ container { from(address: "busybox") { withExec(args: ["echo","hi"]) { stdout } } } }';
const VERSION = "{ version }";

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}

test("a killed engine answers requests in flight with 502, then refuses connections", async () => {
  await using session = await startSessionDouble();
  const inFlight = ask(session, SLEEP);
  await until(() => session.commandsRunning === 1);
  session.kill();
  expect(await inFlight).toEqual({
    status: 502,
    contentType: "text/plain; charset=utf-8",
    body: 'http do: Post "http://dagger/query": unexpected EOF',
  });
  expect(await ask(session, VERSION)).toEqual({
    status: 502,
    contentType: "text/plain; charset=utf-8",
    body: 'http do: Post "http://dagger/query": dial unix /run/dagger/engine.sock: connect: connection refused',
  });
  await until(() => session.commandsRunning === 0);
});

test("an ended engine fails the running step with a shutdown error, at its path", async () => {
  await using session = await startSessionDouble();
  const inFlight = ask(session, SLEEP);
  await until(() => session.commandsRunning === 1);
  session.end();
  expect(await inFlight).toEqual({
    status: 200,
    contentType: "application/json",
    body: '{"errors":[{"message":"engine is shutting down","path":["container","from","withExec","stdout"]}],"data":null}',
  });
  expect((await ask(session, VERSION)).body).toBe(
    'http do: Post "http://dagger/query": dial unix /run/dagger/engine.sock: connect: no such file or directory',
  );
});

test("an ended engine of 0.19 stops without a message", async () => {
  await using session = await startSessionDouble({ engineVersion: "v0.19.11" });
  const inFlight = ask(session, SLEEP);
  await until(() => session.commandsRunning === 1);
  session.end();
  expect(await inFlight).toMatchObject({
    status: 502,
    body: expect.stringContaining("unexpected EOF"),
  });
  expect((await ask(session, VERSION)).body).toContain("connect: connection refused");
});

test("a restarted engine does not know the old session, but opens new ones", async () => {
  await using session = await startSessionDouble({ lostSessionDelayMs: 30 });
  const { container } = (await data(session, "{ container { id } }")) as {
    container: { id: string };
  };
  session.kill();
  await expect(session.openSession()).rejects.toThrow("down");
  session.restart();
  const before = performance.now();
  expect(await ask(session, VERSION)).toEqual({
    status: 200,
    contentType: "text/plain; charset=utf-8",
    body: '{"data":null,"errors":[{"message":"waiting for client session attachables: context deadline exceeded"}]}\n',
  });
  expect(performance.now() - before).toBeGreaterThanOrEqual(28);
  await using next = await session.openSession();
  expect(await data(next, ECHO)).toEqual({ container: { from: { withExec: { stdout: "hi\n" } } } });
  const lost = await ask(next, `{ loadContainerFromID(id: "${container.id}") { stdout } }`);
  expect(lost.body).toMatch(
    /^\{"errors":\[\{"message":"arg \\"id\\": resolve ID input \\"engineResult\((\d+)\): Container!\\": resolve result \1: missing shared result","path":\["loadContainerFromID"\]\}\],"data":null\}$/,
  );
});

test("a restarted engine of 0.19 answers its version to the old session, and nothing else", async () => {
  await using session = await startSessionDouble({
    engineVersion: "v0.19.11",
    lostSessionDelayMs: 30,
  });
  const { container } = (await data(
    session,
    '{ container { from(address: "busybox") { id } } }',
  )) as { container: { from: { id: string } } };
  session.restart();
  expect((await ask(session, VERSION)).body).toBe('{"data":{"version":"v0.19.11"}}');
  expect((await ask(session, ECHO)).body).toMatch(
    /failed to resolve image .*: DeadlineExceeded: failed to get main client caller: context deadline exceeded \[traceparent:.*","path":\["container","from"\]/,
  );
  await using next = await session.openSession();
  const query = `{ loadContainerFromID(id: "${container.from.id}") { withExec(args: ["echo","from old id"]) { stdout } } }`;
  expect(await data(next, query)).toEqual({
    loadContainerFromID: { withExec: { stdout: "from old id\n" } },
  });
});

test("without the CLI, connections are reset, then refused", async () => {
  await using session = await startSessionDouble();
  const inFlight = ask(session, SLEEP).catch((error: unknown) => error);
  await until(() => session.commandsRunning === 1);
  await session.dropCli();
  expect(await inFlight).toMatchObject({ code: "ECONNRESET" });
  await expect(ask(session, VERSION)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await until(() => session.commandsRunning === 0);
});

test("stopping kills running processes and removes every file", async () => {
  const session = await startSessionDouble();
  const { publishFolder } = session;
  const inFlight = ask(session, SLEEP).catch((error: unknown) => error);
  await until(() => session.commandsRunning === 1);
  await session.stop();
  expect(await inFlight).toMatchObject({ code: "ECONNRESET" });
  expect(existsSync(dirname(publishFolder))).toBe(false);
  await until(() => session.commandsRunning === 0);
});

test("stopping ends the other sessions of the engine, and later calls fail with that reason", async () => {
  const session = await startSessionDouble();
  const other = await session.openSession();
  const inFlight = ask(other, SLEEP).catch((error: unknown) => error);
  await until(() => session.commandsRunning === 1);
  await session.stop();
  expect(await inFlight).toMatchObject({ code: "ECONNRESET" });
  expect(session.commandsRunning).toBe(0);
  await expect(ask(other, VERSION)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await other.stop();
  await session.stop();
  session.restart();
  await expect(session.openSession()).rejects.toThrow("has stopped");
  await expect(session.cliEnvironment()).rejects.toThrow("has stopped");
});

test("stopping during the copy of a folder leaves no file", async () => {
  const source = mkdtempSync(join(tmpdir(), "double-source-"));
  for (let folder = 0; folder < 100; folder += 1) {
    mkdirSync(join(source, `${folder}/a/b`), { recursive: true });
    for (const name of ["1", "2", "3"]) writeFileSync(join(source, `${folder}/a/b/${name}`), name);
  }
  for (const delayMs of [5, 20, 40]) {
    const session = await startSessionDouble();
    const scratch = dirname(session.publishFolder);
    const copying = ask(session, `{ host { directory(path: "${source}") { entries } } }`);
    copying.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await session.stop();
    expect(existsSync(scratch)).toBe(false);
  }
  rmSync(source, { recursive: true });
});

test("doubles at the same time are independent", async () => {
  await using one = await startSessionDouble({ faults: [{ host: "a.io", kind: "eof" }] });
  await using two = await startSessionDouble({ engineVersion: "v0.19.11" });
  const pull = '{ container { from(address: "a.io/b") { platform } } }';
  expect((await ask(one, pull)).body).toContain("EOF");
  expect((await ask(two, pull)).body).toContain("linux/");
  expect((await send(two, { token: one.token, body: "{}" })).status).toBe(401);
  one.kill();
  expect((await ask(two, VERSION)).body).toContain("v0.19.11");
  expect(two.publishFolder).not.toBe(one.publishFolder);
});

test("a running double does not keep a process alive", async () => {
  await using session = await startSessionDouble();
  await ask(session, VERSION);
  // Node lists the resources that keep a process alive. A double must not add to them.
  const holding = process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap");
  const held = holding.length;
  await using other = await startSessionDouble();
  expect(other.port).not.toBe(session.port);
  const now = process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;
  expect(now).toBe(held);
});

test("a dozen doubles at once cause no warning about too many listeners", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.name);
  process.on("warning", listen);
  const doubles = await Promise.all(Array.from({ length: 12 }, () => startSessionDouble()));
  await Promise.all(doubles.map((double) => double.stop()));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});
