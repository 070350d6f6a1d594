/**
 * Tests that a command under `dagger-breaker trace` runs and ends as it would alone. Covers signals,
 * streams and terminals.
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { describeWhere, testWhere } from "../only-where.js";
import { builtCli } from "./built-cli.js";

const DAGGER = fileURLToPath(new URL("./fake-dagger.mjs", import.meta.url));
const cli = builtCli();

interface Started {
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
  readonly pid: number;
  /** Returns what both streams have printed so far. */
  output(): string;
  /** Resolves once the output contains a text. */
  printed(text: string): Promise<void>;
}

/**
 * Starts a command line without waiting for its end. It gets a process group of its own, which no terminal
 * reaches.
 */
function start(...task: string[]): Started {
  const args = ["trace", "--", DAGGER, ...task];
  const child = spawn(cli.program, args, { env: cli.environment(), detached: true });
  return watch(child);
}

function watch(child: ChildProcessWithoutNullStreams): Started {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    ended: once(child, "close") as Promise<[number | null, string | null]>,
    pid: child.pid ?? 0,
    output: () => output,
    async printed(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended after ${JSON.stringify(output)}`);
        await sleep(20);
      }
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns the process id that the stand-in has printed. */
function childOf(output: string): number {
  return Number(/ready ([0-9]+)/.exec(output)?.[1]);
}

describe("a command ends as without us", () => {
  test.each([
    ["nothere", 127, /cannot run "nothere"/],
    ["/etc/passwd", 126, /cannot run "\/etc\/passwd".*EACCES.*chmod \+x/],
  ])("even without %s", async (command, expected, words) => {
    const { exitCode, stdout, stderr } = await cli.run(["trace", "--", command, "--secret=x"]);
    expect(exitCode).toBe(expected);
    expect(stdout).toBe("");
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain("secret");
  });

  test("is not started when its report could not be written", async () => {
    const file = join(cli.folder, "nowhere/report.json");
    const marker = join(cli.folder, "started");
    const args = ["trace", "--output", file, "--", "touch", marker];
    const { exitCode, stderr } = await cli.run(args);
    expect(exitCode).toBe(73);
    expect(stderr).toMatch(
      /^error: invalid --output ".*report.json": it cannot be written \(ENOENT\)/,
    );
    expect(() => readFileSync(marker)).toThrow();
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGINT", 130],
  ] as const)("%s ends it, and then us with the report", async (signal, expected) => {
    const run = start("die");
    await run.printed("ready");
    process.kill(run.pid, signal);
    expect(await run.ended).toEqual([expected, null]);
    expect(run.output()).toContain(`dagger-breaker trace: ended by ${signal} after`);
    expect(isAlive(childOf(run.output()))).toBe(false);
  });

  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "it may end on %s in its own way and time",
    async (signal) => {
      const run = start("hang");
      await run.printed("ready");
      process.kill(run.pid, signal);
      expect(await run.ended).toEqual([0, null]);
      expect(run.output()).toContain(`${signal} 1\n`);
      expect(run.output()).toContain("16 requests to the engine");
    },
  );

  test.each(["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"] as const)(
    "%s is passed on, and neither ends us early nor opens a debugger",
    async (signal) => {
      const run = start("die");
      await run.printed("ready");
      process.kill(run.pid, signal);
      const expected = 128 + constants.signals[signal];
      // The stand-in has no listener for SIGUSR1, so its Node.js opens a debugger and does not end. The
      // test kills it.
      if (signal === "SIGUSR1") process.kill(childOf(run.output()), "SIGKILL");
      expect(await run.ended).toEqual([signal === "SIGUSR1" ? 137 : expected, null]);
      expect(run.output()).toContain("dagger-breaker trace: ended by");
      expect(isAlive(childOf(run.output()))).toBe(false);
    },
  );

  testWhere(process.platform === "linux")(
    "a signal that Node.js cannot catch ends it together with us",
    async () => {
      const run = start("die");
      await run.printed("ready");
      // 40 is a real-time signal, which Node.js cannot catch.
      process.kill(run.pid, 40);
      await run.ended;
      const command = childOf(run.output());
      await expect.poll(() => isAlive(command)).toBe(false);
    },
  );

  test("the options after it are its own, with -- and without", async () => {
    const args = ["show", "--json", "--output", "x", "--", "-h"];
    for (const dashes of [["--"], []]) {
      const { stdout } = await cli.run(["trace", ...dashes, DAGGER, ...args]);
      expect(JSON.parse(stdout).args).toEqual(args.slice(1));
    }
  });

  test("it reads our own standard input", async () => {
    const { stdout } = await cli.run(["trace", "--", "cat"], { stdin: "what is piped in" });
    expect(stdout).toBe("what is piped in");
  });
});

// The test creates a terminal with `script` of util-linux, which other systems lack.
describeWhere(process.platform === "linux")("on a terminal", () => {
  function onTerminal(...task: string[]): Started & { type(text: string): void } {
    const line = ["exec", cli.program, "trace", "--", DAGGER, ...task].join(" ");
    const child = spawn("script", ["-qec", line, "/dev/null"], {
      env: cli.environment({ TERM: "xterm" }),
    });
    return {
      ...watch(child),
      type: (text) => void child.stdin.write(text),
    };
  }

  test("the command has it on all its streams, and the report has colors", async () => {
    const run = onTerminal("show");
    expect(await run.ended).toEqual([0, null]);
    expect(run.output()).toContain('"terminal":[true,true,true]');
    expect(run.output()).toContain("\u001b[1mdagger-breaker trace:");
  });

  test("Ctrl-C reaches it once", async () => {
    const run = onTerminal("hang");
    await run.printed("ready");
    run.type("\u0003");
    expect(await run.ended).toEqual([0, null]);
    expect(run.output()).toContain("SIGINT 1");
    expect(run.output()).toContain("16 requests to the engine");
  });
});
