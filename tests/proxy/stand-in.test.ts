// Tests the stand-in as SDKs start it, in front of a CLI that behaves well or badly.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { constants } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { privateFolder } from "../../src/files/private-folder.js";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/index.js";
import { GuardedSessions } from "../../src/proxy/guarded-sessions.js";
import type { SessionHost } from "../../src/proxy/sessions/session-host.js";
import { listenForSessions } from "../../src/proxy/sessions/session-listener.js";
import { builtCli } from "../cli/built-cli.js";

const cli = builtCli();
const FAKE = fileURLToPath(new URL("fake-session-cli.mjs", import.meta.url));
const LINE = '{"port":4242,"session_token":"real","other":{"kept":true}}\n';

/** A running stand-in, with its output. */
class Started {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";

  constructor(
    behaviour: object,
    env: Record<string, string> = {},
    args: readonly string[] = ["--label", "a:b", "--unknown", "x"],
  ) {
    this.child = spawn(cli.program, ["session", ...args], {
      env: cli.environment({
        DAGGER_BREAKER_CLI: FAKE,
        FAKE_SESSION: JSON.stringify(behaviour),
        ...env,
      }),
    });
    for (const name of ["stdout", "stderr"] as const) {
      this.child[name].setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
      });
    }
    this.child.stdin.on("error", () => {});
    running.push(this);
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, "close");
    return this.child.exitCode;
  }

  /** Waits until an output matches a pattern. */
  async says(pattern: RegExp, stream: "stdout" | "stderr" = "stderr"): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found !== null) return found;
      await sleep(20);
    }
  }
}

let running: Started[] = [];

afterEach(() => {
  for (const { child } of running) child.kill("SIGKILL");
  running = [];
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the line with the session's address", () => {
  test("is replaced with its other keys kept, and everything around it is unchanged", async () => {
    const [first, second] = [LINE.slice(0, 10), LINE.slice(10)];
    const started = new Started({
      lines: ["not json\n", first, second, "after\n", '{"port":1}\n'],
    });
    await started.says(/^pid/m);
    started.child.stdin.end();
    expect(await started.ended()).toBe(0);
    const [before, told = "", ...after] = started.stdout.split("\n");
    const { port, session_token: token, other } = JSON.parse(told);
    expect([before, ...after]).toEqual(["not json", "after", '{"port":1}', ""]);
    expect(port).toBeGreaterThan(0);
    expect(port).not.toBe(4242);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toEqual({ kept: true });
    expect(started.stderr).toContain('args ["session","--label","a:b","--unknown","x"]\n');
  });

  test("leads to a proxy that accepts its own token and not the real one", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("real");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const real = (server.address() as AddressInfo).port;
    const started = new Started({ lines: [`{"port":${real},"session_token":"real"}\n`] });
    const [line] = await started.says(/^.*\n/, "stdout");
    const { port, session_token: token } = JSON.parse(line);
    const ask = (user: string) =>
      fetch(`http://127.0.0.1:${port}/x`, {
        headers: { authorization: `Basic ${btoa(`${user}:`)}` },
      });
    expect(await (await ask(token)).text()).toBe("real");
    expect((await ask("real")).status).toBe(401);
    expect(seen).toEqual([`Basic ${btoa("real:")}`]);
    started.child.stdin.end();
    await started.ended();
    await expect(ask(token)).rejects.toThrow();
    server.closeAllConnections();
    server.close();
  });
});

describe("the end of the real CLI", () => {
  test.each([0, 1, 3, 75])("is ours: exit code %d, with its output forwarded", async (exitCode) => {
    const started = new Started({ errors: "its words\n", exitCode });
    expect(await started.ended()).toBe(exitCode);
    expect(started.stderr).toMatch(/^its words\n/);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "forwards %s to it, and waits for it",
    async (signal) => {
      const started = new Started({ lines: [LINE], signals: "say" });
      await started.says(/^pid/m);
      started.child.kill(signal);
      expect(await started.ended()).toBe(7);
      expect(started.stderr.endsWith(`${signal}\n`)).toBe(true);
    },
  );

  test("forwards other signals too, which do not end us", async () => {
    const started = new Started({ lines: [LINE] });
    const [, pid] = await started.says(/^pid (\d+)/m);
    started.child.kill("SIGUSR2");
    expect(await started.ended()).toBe(128 + constants.signals.SIGUSR2);
    expect(started.stderr).not.toContain("Debugger");
    expect(isAlive(Number(pid))).toBe(false);
  });

  test("the exit code shows the signal that ended it", async () => {
    const started = new Started({ lines: [LINE] });
    const [, pid] = await started.says(/^pid (\d+)/m);
    process.kill(Number(pid), "SIGKILL");
    expect(await started.ended()).toBe(137);
  });

  test("follows the end of our own input", async () => {
    const started = new Started({ lines: [LINE] });
    const [, pid] = await started.says(/^pid (\d+)/m);
    started.child.stdin.end();
    expect(await started.ended()).toBe(0);
    expect(isAlive(Number(pid))).toBe(false);
  });

  test("is enforced if it opens no session in time, even if it ignores signals", async () => {
    const started = new Started({}, { DAGGER_BREAKER_CONNECT_TIMEOUT: "1s" });
    const [, pid] = await started.says(/^pid (\d+)/m);
    expect(await started.ended()).toBe(124);
    expect(started.stderr).toContain("no session was opened within 1 s");
    expect(isAlive(Number(pid))).toBe(false);
  });

  test("is enforced if it closes its output without a session", async () => {
    const started = new Started({ close: true });
    const [, pid] = await started.says(/^pid (\d+)/m);
    await started.ended();
    expect(isAlive(Number(pid))).toBe(false);
  });
});

describe("a missing real CLI", () => {
  test("causes exit code 127", async () => {
    const started = new Started({}, { DAGGER_BREAKER_CLI: "/nowhere/dagger" });
    expect(await started.ended()).toBe(127);
    expect(started.stderr).toMatch(
      /invalid DAGGER_BREAKER_CLI "\/nowhere\/dagger": .* use the path/,
    );
  });

  test("is never replaced by ourselves", async () => {
    const started = new Started({}, { DAGGER_BREAKER_CLI: cli.program });
    expect(await started.ended()).toBe(127);
  });
});

describe("under a run", () => {
  /** Starts a run with a guard. With `open`, the circuit of the engine is isolated. */
  async function runner(open: boolean) {
    const registry = createRegistry();
    const guard = new Guard({ registry });
    if (open) guard.engine.isolate("maintenance");
    const sessions = new GuardedSessions(guard);
    const folder = privateFolder();
    const listener = await listenForSessions(sessions, folder.path);
    return {
      guard,
      sessions,
      env: { DAGGER_BREAKER_RUN: listener.path },
      async [Symbol.asyncDispose]() {
        await listener.close();
        await sessions.close();
        folder.remove();
      },
    };
  }

  test.each([
    [["--workdir", "tests"], resolve("tests")],
    [["--label", "a:b"], resolve("")],
  ])(
    "sends the runner the working folder of %j, which contains the lock file",
    async (args, workdir) => {
      const told: unknown[] = [];
      const host: SessionHost = {
        begin: async (_signal, folder) => {
          told.push(folder);
          throw new Error("no session is opened here");
        },
      };
      const folder = privateFolder();
      const listener = await listenForSessions(host, folder.path);
      const started = new Started({}, { DAGGER_BREAKER_RUN: listener.path }, args);
      await started.ended();
      await listener.close();
      folder.remove();
      expect(told).toEqual([workdir]);
    },
  );

  test("each session of several programs is one success of the engine", async () => {
    await using run = await runner(false);
    const both = [1, 2].map(() => new Started({ lines: [LINE] }, run.env));
    for (const started of both) await started.says(/\n/, "stdout");
    const ports = both.map(({ stdout }) => JSON.parse(stdout).port as number);
    expect(new Set([...ports, 4242]).size).toBe(3);
    expect(run.guard.engine.getMetrics().metrics.successCount).toBe(2);
    for (const started of both) {
      started.child.stdin.end();
      expect(await started.ended()).toBe(0);
    }
    expect(run.sessions.begun).toBe(2);
  });

  test("an open circuit starts no CLI and exits with 75", async () => {
    await using run = await runner(true);
    const started = new Started({ lines: [LINE] }, run.env);
    expect(await started.ended()).toBe(75);
    expect(started.stderr).toBe("error: circuit isolated: engine, maintenance\n");
    expect(started.stdout).toBe("");
  });

  test("a CLI without an engine is a failure of the engine, a wrong flag is not", async () => {
    await using run = await runner(false);
    const down = "start engine: failed to run command [docker version]: exit status 1\n";
    expect(await new Started({ errors: down, exitCode: 1 }, run.env).ended()).toBe(1);
    expect(run.guard.engine.getMetrics().metrics).toMatchObject({ failureCount: 1 });
    const wrong = "Error: unknown flag: --unknown\n";
    expect(await new Started({ errors: wrong, exitCode: 1 }, run.env).ended()).toBe(1);
    expect(run.guard.engine.getMetrics().metrics).toMatchObject({ failureCount: 1 });
  });

  test("without the runner the session ends, because its proxy has gone", async () => {
    const run = await runner(false);
    const started = new Started({ lines: [LINE], signals: "say" }, run.env);
    await started.says(/^pid/m);
    await run[Symbol.asyncDispose]();
    expect(await started.ended()).toBe(7);
    expect(started.stderr).toContain("dagger-breaker run has ended");
  });

  test("guards by itself if the runner cannot be reached", async () => {
    const started = new Started({ lines: [LINE] }, { DAGGER_BREAKER_RUN: "/nowhere/run.sock" });
    await started.says(/\n/, "stdout");
    expect(JSON.parse(started.stdout).session_token).toMatch(/^[0-9a-f]{64}$/);
    expect(await started.says(/so this session has a guard of its own/)).not.toBeNull();
    started.child.stdin.end();
    expect(await started.ended()).toBe(0);
  });
});
