/** Tests which steps run once and which run again, and which steps end when no client waits for them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startSessionDouble } from "../../src/testing/index.js";
import { testWhere } from "../only-where.js";
import { ask, data } from "./client.js";

const exec = (args: readonly string[], before = "", after = "stdout") =>
  `{ container { from(address: "busybox") { ${before} ${before && "{"} withExec(args: ${JSON.stringify(args)}) { ${after} } ${before && "}"} } } }`;

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}

test("does not repeat a finished step, but repeats a failed one", async () => {
  await using session = await startSessionDouble();
  await data(session, exec(["echo", "once"]));
  await data(session, exec(["echo", "once"]));
  await data(session, exec(["echo", "once"], "", "exitCode"));
  expect(session.commandsStarted).toBe(1);
  for (const _ of [1, 2])
    await expect(data(session, exec(["false"]))).rejects.toThrow("exit code: 1");
  expect(session.commandsStarted).toBe(3);
});

test("a step with another environment, workdir or file is another step", async () => {
  await using session = await startSessionDouble();
  for (const before of [
    "",
    'withEnvVariable(name: "A", value: "1")',
    'withEnvVariable(name: "A", value: "2")',
    'withWorkdir(path: "/w")',
    'withNewFile(path: "/a", contents: "1")',
    'withNewFile(path: "/a", contents: "2")',
  ]) {
    await data(session, exec(["true"], before));
  }
  expect(session.commandsStarted).toBe(6);
});

test("finished steps outlive their session, resolved tags do not", async () => {
  await using session = await startSessionDouble();
  await data(session, exec(["echo", "hi"]));
  const asked = session.requestsTo("registry-1.docker.io");
  await data(session, exec(["echo", "other"]));
  expect(session.requestsTo("registry-1.docker.io")).toBe(asked);
  await using next = await session.openSession();
  await data(next, exec(["echo", "hi"]));
  expect(session.commandsStarted).toBe(2);
  // The engine already has the image's content, so it only requests the digest of the tag again.
  expect(session.requestsTo("registry-1.docker.io")).toBe(asked + 2);
});

test("in the next session, an image used by digest needs no registry, one used by tag does", async () => {
  await using session = await startSessionDouble();
  const digest = `sha256:${"ab".repeat(32)}`;
  const by = (reference: string) =>
    `{ container { from(address: "ghcr.io/acme/app${reference}") { withExec(args: ["true"]) { stdout } } } }`;
  await data(session, by(":1"));
  await data(session, by(`@${digest}`));
  session.fail({ host: "ghcr.io", kind: "status", status: 503 });
  await using next = await session.openSession();
  await data(next, by(`@${digest}`));
  await data(next, by(`:1@${digest}`));
  await expect(data(next, by(":1"))).rejects.toThrow("503 Service Unavailable");
});

test("equal requests at once share one run", async () => {
  await using session = await startSessionDouble();
  const both = await Promise.all(
    [1, 2, 3].map(() => data(session, exec(["sh", "-c", "sleep 0.2; echo done"]))),
  );
  expect(both).toHaveLength(3);
  expect(session.commandsStarted).toBe(1);
});

test("fifty equal pulls at once share one round of requests", async () => {
  // With fake timers, the latency lasts until all requests have arrived, even on a busy machine.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  await using session = await startSessionDouble({
    faults: [
      { operation: "from", kind: "latency", latencyMs: 2_000 },
      { operation: "from", kind: "status", status: 429 },
    ],
  });
  const pull = '{ container { from(address: "busybox:same") { platform } } }';
  const pulls = Promise.all(Array.from({ length: 50 }, () => ask(session, pull)));
  await until(() => session.queries === 50 && vi.getTimerCount() === 1);
  expect(session.requestsTo("registry-1.docker.io")).toBeLessThan(6);
  await vi.advanceTimersByTimeAsync(2_000);
  await pulls;
  expect(session.requestsTo("registry-1.docker.io")).toBe(6);
  const late = ask(session, pull);
  await until(() => vi.getTimerCount() === 1);
  await vi.advanceTimersByTimeAsync(2_000);
  await late;
  expect(session.requestsTo("registry-1.docker.io")).toBe(12);
});

test("a dropped request ends its command and all its child processes", async () => {
  await using session = await startSessionDouble();
  const drop = new AbortController();
  const dropped = ask(session, exec(["sh", "-c", "sleep 30 & sleep 30"]), { signal: drop.signal });
  await until(() => session.commandsRunning === 1);
  drop.abort();
  await expect(dropped).rejects.toThrow();
  await until(() => session.commandsRunning === 0);
  expect(await data(session, "{ version }")).toEqual({ version: "v0.21.8" });
});

test("a dropped request leaves a shared command to the other request", async () => {
  await using session = await startSessionDouble();
  const drop = new AbortController();
  const flag = join(session.publishFolder, "../go-on");
  const query = exec(["sh", "-c", `while [ ! -f ${flag} ]; do sleep 0.02; done; echo done`]);
  const dropped = ask(session, query, { signal: drop.signal });
  await until(() => session.commandsRunning === 1);
  const other = data(session, query);
  await until(() => session.queries === 2);
  drop.abort();
  await expect(dropped).rejects.toThrow();
  writeFileSync(flag, "");
  expect(await other).toEqual({ container: { from: { withExec: { stdout: "done\n" } } } });
  expect(session.commandsStarted).toBe(1);
});

test("a command's background processes end with it", async () => {
  await using session = await startSessionDouble();
  await data(session, exec(["sh", "-c", "sleep 30 & echo $!"]));
  await until(() => session.commandsRunning === 0);
});

testWhere(process.platform === "linux")(
  "a process outside the command's group does not delay the end of the step",
  async () => {
    await using session = await startSessionDouble();
    const folder = mkdtempSync(join(tmpdir(), "double-steps-"));
    // The background process ends when its file is removed.
    const script = `setsid sh -c 'touch ${folder}/on; while [ -f ${folder}/on ]; do sleep 0.05; done' &
    while [ ! -f ${folder}/on ]; do sleep 0.02; done; echo done`;
    expect(await data(session, exec(["sh", "-c", script]))).toEqual({
      container: { from: { withExec: { stdout: "done\n" } } },
    });
    rmSync(folder, { recursive: true });
  },
);

test("a chain runs its commands in order, each on the previous one's files", async () => {
  await using session = await startSessionDouble();
  const query = `{ container { from(address: "busybox") { withWorkdir(path: "/w") {
    withExec(args: ["sh","-c","echo 1 > a"]) { withExec(args: ["sh","-c","echo 2 >> a; cat a"]) {
      stdout file(path: "a") { contents } directory(path: ".") { entries } } } } } } }`;
  const first = { stdout: "1\n2\n", file: { contents: "1\n2\n" }, directory: { entries: ["a"] } };
  expect(await data(session, query)).toEqual({
    container: { from: { withWorkdir: { withExec: { withExec: first } } } },
  });
  expect(session.commandsStarted).toBe(2);
});
