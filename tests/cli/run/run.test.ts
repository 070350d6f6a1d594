/** Tests `dagger-breaker run` with a stand-in for the dagger command, as users run it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunJson } from "../../../src/cli/run/report.js";
import { builtCli, type Run } from "../built-cli.js";
import { type Replay, replay } from "../replay.js";
import { parseXml } from "../xml.js";

const cli = builtCli();

interface ReportedRun extends Run {
  readonly dagger: Replay;
  readonly report: RunJson;
}

/** Runs `dagger call test` with a stand-in that performs these tasks, and reads the JSON report. */
async function runOf(
  tasks: readonly string[],
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ReportedRun> {
  const dagger = replay(cli.folder, ...tasks);
  const file = join(dagger.folder, "report.json");
  const run = await cli.run(
    ["run", ...options, "--output", file, "--", dagger.dagger, "call", "test"],
    { env: { ...dagger.env, ...env } },
  );
  return { ...run, dagger, report: JSON.parse(readFileSync(file, "utf8")) };
}

function lastLine({ stderr }: Run): string {
  return stderr.trimEnd().split("\n").at(-1) ?? "";
}

describe("a command that goes well", () => {
  test("keeps its output, followed by one line of ours", async () => {
    const dagger = replay(cli.folder, "ok");
    const alone = await runAlone(dagger);
    const run = await runOf(["ok"]);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toBe(alone.stdout);
    expect(run.stderr).toBe(`${alone.stderr}dagger-breaker: succeeded, exit code 0\n`);
    expect(run.report).toMatchObject({ outcome: "succeeded", program: "dagger", failure: null });
  });

  test("gets its arguments unchanged, even those that look like ours", async () => {
    const dagger = replay(cli.folder, "show");
    const args = ["call", "--json", "--timeout", "5", "--", "-h"];
    for (const before of [["run", "--"], ["run"]]) {
      const { stdout } = await cli.run([...before, dagger.dagger, ...args], { env: dagger.env });
      expect(JSON.parse(stdout).args).toEqual(args);
    }
  });

  test("other than dagger opens its sessions through us", async () => {
    const dagger = replay(cli.folder, "show");
    const { stdout } = await cli.run(["run", "--", "sh", "-c", "dagger"], { env: dagger.env });
    const { env } = JSON.parse(stdout);
    expect(env.DAGGER_BREAKER_PROXY).toBe("1");
    expect(env._EXPERIMENTAL_DAGGER_CLI_BIN).toMatch(/^\//);
    expect(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT).toBeUndefined();
  });

  test("sends its traces to us if it is dagger, and any command with --traces all", async () => {
    const dagger = replay(cli.folder, "show");
    const endpointOf = async (...args: string[]) => {
      const { stdout } = await cli.run(["run", ...args], { env: dagger.env });
      return JSON.parse(stdout).env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
    };
    const ours = expect.stringMatching(/^http:\/\/127\.0\.0\.1:/);
    expect(await endpointOf("--", "dagger")).toEqual(ours);
    expect(await endpointOf("--traces", "all", "--", "sh", "-c", "dagger")).toEqual(ours);
    expect(await endpointOf("--traces", "off", "--", "dagger")).toBeUndefined();
  });
});

describe("a command that fails", () => {
  test("by itself keeps its exit code, and the report shows that it is its own", async () => {
    const run = await runOf(["exec-fail"], ["--retry", "3"]);
    expect(run.exitCode).toBe(3);
    expect(run.dagger.starts()).toEqual(["exec-fail"]);
    expect(run.report).toMatchObject({ outcome: "failed", failure: { fault: "user" } });
    expect(lastLine(run)).toMatch(
      /^dagger-breaker: failed \(user: .*\), exit code 3, not retried: /,
    );
  });

  test("because of an upstream is reported with its host, and retried as configured", async () => {
    const run = await runOf(["pull-503", "git-503", "ok"], ["--retry", "2"]);
    expect(run.exitCode).toBe(0);
    expect(run.dagger.starts()).toEqual(["pull-503", "git-503", "ok"]);
    expect(run.report.attempts.map(({ failure }) => failure?.upstream ?? null)).toEqual([
      "ghcr.io",
      "github.com",
      null,
    ]);
    expect(lastLine(run)).toBe("dagger-breaker: succeeded, exit code 0, 3 attempts");
  });

  test("reports between attempts why one failed and when the next comes, unless --quiet is set", async () => {
    const tasks = ["pull-503", "git-503", "ok"];
    const options = ["--retry", "2", "--retry-delay", "1ms"];
    const ours = ({ stderr }: Run) => stderr.split("\n").filter((line) => /^dagger-br/.test(line));
    const told = await runOf(tasks, options);
    expect(ours(told)).toEqual([
      expect.stringMatching(
        /: attempt 1 of 3 failed \(registry ghcr\.io: .*\); retrying (?:now|in \d ms)$/,
      ),
      expect.stringMatching(
        /: attempt 2 of 3 failed \(git github\.com: .*\); retrying (?:now|in \d ms)$/,
      ),
      "dagger-breaker: succeeded, exit code 0, 3 attempts",
    ]);
    expect(told.report.earlierCauses).toHaveLength(2);
    expect(ours(await runOf(tasks, [...options, "--quiet"]))).toEqual([]);
    expect(ours(await runOf(tasks, [...options, "--json"]))).toEqual([]);
  });

  test("because of an upstream is not retried by default", async () => {
    const run = await runOf(["pull-503", "ok"]);
    expect(run.exitCode).toBe(1);
    expect(run.dagger.starts()).toEqual(["pull-503"]);
    expect(run.report.failure).toMatchObject({ fault: "registry", breaker: "registry:ghcr.io" });
  });

  test("is retried by a variable only if its function is named", async () => {
    const env = { DAGGER_BREAKER_RETRY: "1", DAGGER_BREAKER_IDEMPOTENT: "lint" };
    const other = await runOf(["pull-503", "ok"], [], env);
    expect(other.dagger.starts()).toEqual(["pull-503"]);
    const named = await runOf(["pull-503", "ok"], [], {
      ...env,
      DAGGER_BREAKER_IDEMPOTENT: "lint,test",
    });
    expect(named.dagger.starts()).toEqual(["pull-503", "ok"]);
  });
});

describe("a rate limit", () => {
  test("opens the circuit at once, and the next attempt is rejected with 75", async () => {
    const run = await runOf(["pull-429", "ok"], ["--retry", "1"]);
    expect(run.exitCode).toBe(75);
    expect(run.dagger.starts()).toEqual(["pull-429"]);
    expect(run.report).toMatchObject({
      outcome: "rejected",
      exitCode: 75,
      rejection: { upstream: "registry:docker.io", reason: "open", fault: "registry" },
    });
    expect(run.report.rejection?.retryAfterMs).toBeGreaterThan(30_000);
    expect(lastLine(run)).toMatch(
      /^dagger-breaker: rejected \(circuit open: registry:docker\.io, since 20.*Z, retry in .*\), exit code 75/,
    );
  });

  test("is not waited for if that would exceed --max-wait", async () => {
    const run = await runOf(["pull-429", "ok"], ["--retry", "1", "--wait", "--max-wait", "5s"]);
    expect(run.exitCode).toBe(75);
    expect(run.dagger.starts()).toEqual(["pull-429"]);
    expect(run.report.outcome).toBe("rejected");
  });
});

describe("a command that hangs", () => {
  test.each([
    ["--timeout", "total"],
    ["--idle-timeout", "idle"],
    ["--connect-timeout", "connect"],
  ] as const)("is ended by %s with 124, and its output is kept", async (option, timedOut) => {
    const run = await runOf(["hang"], [option, "4s"]);
    expect(run.exitCode).toBe(124);
    expect(run.report).toMatchObject({ outcome: "timed-out", attempts: [{ timedOut }] });
    const [, pid = ""] = /^hanging (\d+)\n/.exec(run.stdout) ?? [];
    expect(run.stdout).toMatch(/\ntold to end\n$/);
    expect(() => process.kill(Number(pid), 0)).toThrow();
    expect(lastLine(run)).toMatch(
      new RegExp(`^dagger-breaker: timed out \\(.*${option}\\), exit code 124$`),
    );
  });
});

describe("a signal", () => {
  test("to us reaches the command, which is awaited and reported", async () => {
    const dagger = replay(cli.folder, "hang");
    const file = join(dagger.folder, "report.json");
    const child = spawn(
      cli.program,
      ["run", "--retry", "2", "--output", file, "--", dagger.dagger, "call", "test"],
      { env: cli.environment(dagger.env), stdio: ["ignore", "pipe", "inherit"] },
    );
    let stdout = "";
    for await (const part of child.stdout.setEncoding("utf8")) {
      if (stdout === "") child.kill("SIGTERM");
      stdout += part;
    }
    const [exitCode] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect(stdout).toMatch(/^hanging \d+\ntold to end\n$/);
    expect(exitCode).toBe(143);
    expect(dagger.starts()).toEqual(["hang"]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ outcome: "interrupted" });
  });
});

describe("a command that cannot be started", () => {
  test("is reported with the exit code of a shell", async () => {
    const run = await cli.run(["run", "--", "no-such-program", "hunter2"]);
    expect(run.exitCode).toBe(127);
    expect(lastLine(run)).toMatch(/^dagger-breaker: not started.*exit code 127$/);
    expect(run.stderr).not.toContain("hunter2");
  });
});

describe("reports", () => {
  test("--json prints one object in place of the closing line", async () => {
    const dagger = replay(cli.folder, "silent");
    const run = await cli.run(["run", "--json", "--", dagger.dagger, "call", "test"], {
      env: dagger.env,
    });
    const at = run.stderr.indexOf("{\n");
    const report = JSON.parse(run.stderr.slice(at)) as RunJson;
    expect(report).toMatchObject({ outcome: "failed", failure: { fault: "registry" } });
    expect(run.stderr.slice(0, at)).not.toContain("dagger-breaker:");
  });

  test("--junit writes a report that counts the attempts", async () => {
    const file = join(cli.folder, "junit.xml");
    await runOf(["pull-503", "exec-fail"], ["--retry", "1", "--junit", file]);
    const [suite] = parseXml(readFileSync(file, "utf8")).children;
    expect(suite?.attributes).toMatchObject({
      tests: "2",
      failures: "1",
      errors: "0",
      skipped: "1",
    });
    expect(suite?.children.map(({ children }) => children[0]?.name)).toEqual([
      "skipped",
      "failure",
    ]);
  });

  test("on GitHub there are annotations, outputs and a summary, even after output without a line end", async () => {
    const files = {
      GITHUB_ACTIONS: "true",
      GITHUB_OUTPUT: join(cli.folder, "github-output"),
      GITHUB_STEP_SUMMARY: join(cli.folder, "github-summary"),
      DAGGER_BREAKER_DASHBOARD_URL: "https://grafana.example/d/1",
    };
    writeFileSync(files.GITHUB_OUTPUT, "left=open");
    const run = await runOf(["pull-429"], [], files);
    expect(run.stderr).toMatch(
      /\n::error title=[^\n]*::registry registry-1\.docker\.io: [^\n]*, dashboard: https:\/\/grafana\.example\/d\/1\n/,
    );
    expect(readFileSync(files.GITHUB_OUTPUT, "utf8")).toMatch(/^left=open\noutcome=failed\n/);
    const summary = readFileSync(files.GITHUB_STEP_SUMMARY, "utf8");
    expect(summary).toContain("| outcome | failed |");
    expect(summary).toContain("\n[Dashboard](<https://grafana.example/d/1>)\n");
  });

  test("that cannot be written cause a message, and change no exit code", async () => {
    const folder = join(cli.folder, "a-folder");
    mkdirSync(folder, { recursive: true });
    const env = { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: folder, GITHUB_STEP_SUMMARY: folder };
    const run = await runOf(["exec-fail"], ["--junit", folder], env);
    expect(run.exitCode).toBe(3);
    for (const what of ["the JUnit report", "the outputs of the step", "the summary of the step"]) {
      expect(run.stderr).toContain(
        `dagger-breaker: ${what} cannot be written to "${folder}" (EISDIR)`,
      );
    }
  });

  test("contain neither the arguments nor the output of the command", async () => {
    const dagger = replay(cli.folder, "exec-fail");
    const files = ["report.json", "junit.xml", "summary", "output"].map((name) =>
      join(dagger.folder, name),
    );
    const [json = "", junit = "", GITHUB_STEP_SUMMARY = "", GITHUB_OUTPUT = ""] = files;
    const run = await cli.run(
      ["run", "--output", json, "--junit", junit, "--", dagger.dagger, "call", "hunter2"],
      { env: { ...dagger.env, GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } },
    );
    const said = [run.stderr, ...files.map((file) => readFileSync(file, "utf8"))].join("\n");
    expect(said).not.toContain("hunter2");
    const ours = said.replace(run.stderr, "");
    expect(ours).not.toContain("loading type definitions");
    expect(ours).not.toContain(dagger.folder);
  });
});

describe("an option", () => {
  test.each([
    [["--no-such-option"], "--no-such-option"],
    [["--timeout", "10"], "--timeout"],
    [["--needs", "docker.io"], "--needs"],
    [["--retry", "often"], "--retry"],
    [["--learnt", "maybe"], "--learnt"],
  ])("%j that is wrong is named, and nothing is started", async (options, name) => {
    const dagger = replay(cli.folder, "ok");
    const run = await cli.run(["run", ...options, "--", dagger.dagger], { env: dagger.env });
    expect(run.exitCode).toBe(64);
    expect(run.stderr).toContain(name);
    expect(dagger.starts()).toEqual([]);
  });

  test.each(["TIMEOUT", "NEEDS", "RETRY", "LEARNT", "MAX_WAIT", "JSON"])(
    "by the variable DAGGER_BREAKER_%s that is wrong is named, and nothing is started",
    async (name) => {
      const dagger = replay(cli.folder, "ok");
      const run = await cli.run(["run", "--", dagger.dagger], {
        env: { ...dagger.env, [`DAGGER_BREAKER_${name}`]: "wrong!" },
      });
      expect(run.exitCode).toBe(64);
      expect(run.stderr).toContain(`invalid DAGGER_BREAKER_${name} "wrong!"`);
      expect(dagger.starts()).toEqual([]);
    },
  );

  test("without a command is an error", async () => {
    const run = await cli.run(["run", "--retry", "1"]);
    expect(run.exitCode).toBe(64);
    expect(run.stderr).toContain("error: <command> is missing");
  });
});

/** Runs the stand-in directly, without `dagger-breaker run`. */
async function runAlone(dagger: Replay): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(dagger.dagger, ["call", "test"], { env: cli.environment(dagger.env) });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  await once(child, "close");
  return output;
}
