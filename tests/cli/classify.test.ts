/** Tests the program itself and its command `classify`, as processes. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testWhere } from "../only-where.js";
import { builtCli } from "./built-cli.js";

const cli = builtCli();

const REGISTRY_DOWN =
  'failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3": EOF\n';

const FIXTURES = new URL("../fixtures/attribution/", import.meta.url);

function linesOf<T>(name: string): T[] {
  const text = readFileSync(new URL(name, FIXTURES), "utf8").trim();
  return text.split("\n").map((line) => JSON.parse(line) as T);
}

function file(name: string, text: string): string {
  const path = join(cli.folder, name);
  writeFileSync(path, text);
  return path;
}

test("--version prints the version of the package, and nothing else", async () => {
  const { version } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  expect(await cli.run(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
});

test.each([[["--help"]], [["help"]]])(
  "%j names every command, on standard output",
  async (args) => {
    const { exitCode, stdout, stderr } = await cli.run(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/classify .+quota .+mirrors /s);
  },
);

test("without a command the help goes to standard error, with the exit code of wrong usage", async () => {
  const { exitCode, stdout, stderr } = await cli.run([]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toMatch(/^Usage: dagger-breaker/);
});

test.each([
  [["clasify"], /unknown command "clasify" \(did you mean classify\?\); use one of run,\s+session/],
  [["classify", "--bogus"], /unknown option --bogus\nsee: dagger-breaker classify --help/],
  [["classify", "a", "b"], /too many arguments/],
  [["classify", "--exit-code", "256"], /invalid --exit-code "256": .+from 0 to 255/],
  [["classify", "--operation", "pull"], /invalid --operation "pull": .+from, publish/],
  [["classify", "--query", "-"], /invalid --query "-": .+ use a file/],
])("%j is a usage error that names the option", async (args, message) => {
  const { exitCode, stdout, stderr } = await cli.run(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toMatch(message);
});

test("classifies a log on standard input in words, without colors", async () => {
  const { exitCode, stdout, stderr } = await cli.run(["classify"], { stdin: REGISTRY_DOWN });
  expect({ exitCode, stderr }).toEqual({ exitCode: 31, stderr: "" });
  expect(stdout).toMatch(/^A container registry failed\. .+\n {2}fault +registry\n/);
  expect(stdout).not.toContain("\u001b");
});

test("--json prints one object", async () => {
  const path = file("log.txt", REGISTRY_DOWN);
  const { exitCode, stdout } = await cli.run(["classify", "--json", path]);
  const verdict = JSON.parse(stdout);
  expect(verdict).toMatchObject({
    exitCode: 31,
    failure: { fault: "registry", upstream: "registry-1.docker.io", breaker: "registry:docker.io" },
  });
  expect(verdict.failures).toEqual([verdict.failure]);
  expect(exitCode).toBe(31);
});

test("never prints the output of a command, whatever it contains", async () => {
  const stdin = `Authorization: Bearer hunter2\nhttps://bot:hunter2@x.example/a?sig=hunter2\n${REGISTRY_DOWN}`;
  for (const args of [["classify"], ["classify", "--json"]]) {
    const { stdout, stderr } = await cli.run(args, { stdin });
    expect(stdout + stderr).not.toContain("hunter2");
  }
});

interface Command {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly failures: readonly { fault: string; counts: boolean }[] | null;
}

test("recorded commands end with the exit code of their fault", async () => {
  const faults: Record<string, number> = { engine: 30, registry: 31, git: 32, http: 33, user: 20 };
  const seen = new Set<string>();
  for (const command of linesOf<Command>("commands.jsonl")) {
    const fault = command.failures?.length === 1 ? command.failures[0]?.fault : undefined;
    if (fault === undefined || faults[fault] === undefined || seen.has(fault)) continue;
    seen.add(fault);
    const stdin = command.stdout + command.stderr;
    const args = ["classify", "--exit-code", String(command.exitCode)];
    expect.soft((await cli.run(args, { stdin })).exitCode, fault).toBe(faults[fault]);
  }
  expect(seen.size).toBeGreaterThanOrEqual(3);
});

test("a command that ended well has not failed, whatever it printed", async () => {
  const run = await cli.run(["classify", "--exit-code", "0"], { stdin: REGISTRY_DOWN });
  expect(run).toEqual({ exitCode: 0, stdout: "Nothing failed.\n", stderr: "" });
  const json = await cli.run(["classify", "--exit-code", "0", "--json"], { stdin: "" });
  expect(JSON.parse(json.stdout)).toEqual({ exitCode: 0, failure: null, failures: [] });
});

test("the exit code of a command decides if its output does not", async () => {
  const run = (...args: string[]) => cli.run(["classify", ...args], { stdin: "done\n" });
  expect((await run()).exitCode).toBe(40);
  expect((await run("--exit-code", "7")).exitCode).toBe(20);
});

interface Answer {
  readonly query: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly failures: readonly { fault: string; upstream?: string }[] | null;
}

test("a recorded answer gives one entry for each of its errors", async () => {
  const two = linesOf<Answer>("answers.jsonl").find(({ failures }) => failures?.length === 2);
  if (two === undefined) return expect.unreachable("a recorded answer with two failures");
  const { status, contentType, body } = two;
  const response = file("answer.json", JSON.stringify({ status, contentType, body }));
  const { stdout } = await cli.run(["classify", "--response", "--json", response]);
  const { failures } = JSON.parse(stdout) as { failures: { fault: string }[] };
  const faults = (list: readonly { fault: string }[]) => list.map(({ fault }) => fault).sort();
  expect(faults(failures)).toEqual(faults(two.failures ?? []));
  expect((await cli.run(["classify", "--response", response])).stdout).toMatch(
    /^1 of 2: .+\n2 of 2: /s,
  );
});

test("the request names the host if the output does not", async () => {
  const body = {
    data: null,
    errors: [{ message: "invalid response status 503 Service Unavailable", path: ["http"] }],
  };
  const answer = JSON.stringify({ status: 200, body });
  const text = '{ http(url: "https://files.example.com/a") { contents } }';
  const upstream = async (...args: string[]) => {
    const { stdout } = await cli.run(["classify", "--response", "--json", ...args], {
      stdin: answer,
    });
    return JSON.parse(stdout).failure.upstream;
  };
  expect(await upstream()).toBeNull();
  expect(await upstream("--query", file("query.graphql", text))).toBe("files.example.com");
  const request = file("query.json", JSON.stringify({ query: text, variables: {} }));
  expect(await upstream("--query", request)).toBe("files.example.com");
});

test("an answer without errors has not failed", async () => {
  const stdin = JSON.stringify({ status: 200, body: '{"data":{}}' });
  expect((await cli.run(["classify", "--response"], { stdin })).exitCode).toBe(0);
});

test.each(["", "[]", '{"status":"200"}', '{"status":99}', "no JSON hunter2"])(
  "as a recorded answer, %j is rejected without being quoted",
  async (stdin) => {
    const { exitCode, stdout, stderr } = await cli.run(["classify", "--response"], { stdin });
    expect({ exitCode, stdout }).toEqual({ exitCode: 66, stdout: "" });
    expect(stderr).toMatch(
      /^error: (?:invalid recorded answer: expected JSON such as|standard input is empty; expected one)/,
    );
    expect(stderr).not.toContain("hunter2");
  },
);

test("reports an unreadable file with the system's code", async () => {
  for (const [path, code] of [
    [join(cli.folder, "none.txt"), "ENOENT"],
    [cli.folder, "EISDIR"],
  ] as const) {
    const { exitCode, stderr } = await cli.run(["classify", path]);
    expect(exitCode).toBe(66);
    expect(stderr).toContain(`(${code}), expected a file`);
  }
});

test("reads only both ends of a huge file", async () => {
  const path = join(cli.folder, "huge.log");
  const handle = openSync(path, "w");
  // The file is sparse: it takes no disk space, but reading all of it would take minutes.
  ftruncateSync(handle, 64 * 1024 ** 3);
  writeSync(handle, `\n${REGISTRY_DOWN}`, 64 * 1024 ** 3);
  closeSync(handle);
  const { exitCode } = await cli.run(["classify", path]);
  expect(exitCode).toBe(31);
});

test("a long stream is read to its end within a small heap", async () => {
  const child = spawn(cli.program, ["classify"], {
    env: cli.environment({ NODE_OPTIONS: "--max-old-space-size=48" }),
    stdio: ["pipe", "ignore", "ignore"],
  });
  const piece = Buffer.alloc(1024 * 1024, "a line of a log\n");
  for (let index = 0; index < 200; index += 1) {
    if (!child.stdin.write(piece)) await once(child.stdin, "drain");
  }
  child.stdin.end(REGISTRY_DOWN);
  const [exitCode] = await once(child, "close");
  expect(exitCode).toBe(31);
});

test("a closed reader is not an error, and the exit code stays", async () => {
  const child = spawn(cli.program, ["classify", "--json"], { env: cli.environment() });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // The program is still waiting for its input, so its output has no reader by the time it writes.
  child.stdout.destroy();
  child.stdin.end(REGISTRY_DOWN);
  const [exitCode] = await once(child, "close");
  expect({ exitCode, stderr }).toEqual({ exitCode: 31, stderr: "" });
});

testWhere(existsSync("/dev/full"))("reports a result that cannot be written", async () => {
  const full = openSync("/dev/full", "w");
  const child = spawn(cli.program, ["classify"], {
    env: cli.environment(),
    stdio: ["pipe", full, "pipe"],
  });
  closeSync(full);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin?.end(REGISTRY_DOWN);
  const [exitCode] = await once(child, "close");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 74,
    stderr: "error: the result cannot be written (ENOSPC)\n",
  });
});

test("credentials before the name of a registry are not printed", async () => {
  const { exitCode, stderr } = await cli.run(["quota", "bot:hunter2@registry.example"]);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(/^error: invalid <registry>: it has credentials, .+ use a host/);
});

test("a secret given to an option that does not exist is not printed", async () => {
  for (const option of ["--password=hunter2", "--usernam=hunter2"]) {
    const { exitCode, stdout, stderr } = await cli.run(["quota", option]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
    expect(stderr).toContain(`unknown option ${option.replace("=hunter2", "")}\n`);
    expect(stderr).not.toContain("hunter2");
  }
});

// The test creates a terminal with `script` of util-linux, which other systems lack.
testWhere(process.platform === "linux")(
  "on a terminal there are colors, with NO_COLOR none",
  () => {
    const log = file("colour.txt", REGISTRY_DOWN);
    const onTerminal = (env: Record<string, string>) =>
      execFileSync(
        "/usr/bin/script",
        ["-qec", `'${cli.program}' classify '${log}' || true`, "/dev/null"],
        { env: cli.environment({ TERM: "xterm", ...env }), encoding: "utf8" },
      );
    expect(onTerminal({})).toContain("\u001b[31m");
    expect(onTerminal({ NO_COLOR: "1" })).not.toContain("\u001b[31m");
  },
);
