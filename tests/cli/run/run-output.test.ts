/**
 * Tests the output of `dagger-breaker` itself: streams that cannot be written or are not read, and failed
 * starts.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { testWhere } from "../../only-where.js";
import { builtCli } from "../built-cli.js";

const cli = builtCli();
const TOO_LONG_MS = 120_000;

/** Starts the program and returns its exit code; null when it does not end in time. */
async function exitCodeOf(args: readonly string[], stdio: ("ignore" | "pipe" | number)[]) {
  const child = spawn(cli.program, args, { env: cli.environment(), stdio });
  const late = sleep(TOO_LONG_MS, null);
  const exitCode = await Promise.race([once(child, "exit").then(([code]) => code), late]);
  if (exitCode === null) child.kill("SIGKILL");
  return exitCode;
}

test("a limit ends a run whose socket for output is not read", async () => {
  expect(
    await exitCodeOf(["run", "--timeout", "2s", "--", "yes"], ["ignore", "pipe", "ignore"]),
  ).toBe(124);
});

test("a limit ends a run whose closing line is not read either", async () => {
  const path = join(cli.folder, "unread");
  execFileSync("mkfifo", [path]);
  const unread = openSync(path, constants.O_RDWR);
  const args = ["run", "--timeout", "2s", "--", "yes"];
  expect(await exitCodeOf(args, ["ignore", unread, unread])).toBe(124);
  closeSync(unread);
});

test.each([
  ["run", "1>/dev/full"],
  ["run", "2>/dev/full"],
  ["trace", "2>/dev/full"],
])("%s that cannot write its report (%s) ends with 74", (name, redirection) => {
  const script = `'${cli.program}' ${name} -- echo some output ${redirection}`;
  const { status } = spawnSync("sh", ["-c", script], { env: cli.environment(), stdio: "ignore" });
  expect(status).toBe(74);
});

test("reports which of its streams could not be written", () => {
  const script = `'${cli.program}' run -- echo some output >/dev/full`;
  const { stderr } = spawnSync("sh", ["-c", script], { env: cli.environment(), encoding: "utf8" });
  expect(stderr).toBe(
    "dagger-breaker: failed (standard output cannot be written: ENOSPC), exit code 74\n",
  );
});

testWhere(process.platform !== "win32").each([
  ["of the command", "run -- sh -c 'head -c 9000 /dev/zero; exit 3' >f"],
  ["of run, which fits in part", "run -- false 2>>f"],
  ["of run, which does not fit at all", "run -- false 2>>g"],
  ["of trace", "trace -- true 2>>f"],
  ["of classify", "classify >>f <<<down"],
])("a file that becomes too large for the output %s ends the program with 74", (_title, line) => {
  const before = "ulimit -f 8 && rm -f f g &&";
  const fill = "head -c 8180 /dev/zero >f; cat /dev/zero >g 2>/dev/null;";
  const script = `${before} ${fill} '${cli.program}' ${line}`;
  const { status } = spawnSync("bash", ["-c", script], {
    cwd: cli.folder,
    env: cli.environment(),
    stdio: "ignore",
  });
  expect(status).toBe(74);
});

test.each([
  ["run", ["run", "--", "/etc/passwd/program"], {}],
  ["trace", ["trace", "--", "/etc/passwd/program"], {}],
  ["session", ["session"], { DAGGER_BREAKER_CLI: "BUSY" }],
])("%s ends at once with 126 when the system throws at its start", async (_name, args, env) => {
  const busy = join(cli.folder, "busy");
  copyFileSync("/bin/true", busy);
  chmodSync(busy, 0o755);
  const writer = openSync(busy, "r+");
  const given = "DAGGER_BREAKER_CLI" in env ? { DAGGER_BREAKER_CLI: busy } : {};
  const { exitCode } = await cli.run(args, { env: given });
  closeSync(writer);
  expect(exitCode).toBe(126);
});

test.each(["run", "trace"])("%s passes on the descriptors that it inherited", (name) => {
  // Descriptor 3 is both ends of one pipe, which the parent has too, like the job server of make.
  const script = `exec 3<> "$0"; exec 9< "$1"; '${cli.program}' ${name} -- sh -c 'echo token >&3; read -r token <&3; read -r line <&9; echo $token $line'; :`;
  const fifo = join(cli.folder, `jobs-${name}`);
  execFileSync("mkfifo", [fifo]);
  const file = join(cli.folder, `given-${name}`);
  writeFileSync(file, "line\n");
  const env = cli.environment();
  const { stdout } = spawnSync("sh", ["-c", script, fifo, file], { env, encoding: "utf8" });
  expect(stdout).toBe("token line\n");
});

test("passes on an unnamed inherited pipe with both ends, and none of our own", () => {
  const list =
    "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> \\(pipe\\|anon_inode\\).*/\\1/p'";
  const script = `exec 7> >(cat); exec 8< /proc/self/fd/7; '${cli.program}' run -- sh -c "${list.replaceAll("\\", "\\\\")}"; :`;
  const { stdout } = spawnSync("bash", ["-c", script], {
    env: cli.environment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const shown = stdout.trim().split("\n").map(Number);
  expect(shown).toEqual(expect.arrayContaining([7, 8]));
  expect(shown.filter((one) => one > 2 && one < 200)).toEqual([7, 8]);
});

testWhere(process.platform !== "win32")(
  "killed by force, it leaves no folder with its session socket behind",
  async () => {
    const script = 'echo "at $_EXPERIMENTAL_DAGGER_CLI_BIN"; exec sleep 60';
    const child = spawn(cli.program, ["run", "--", "sh", "-c", script], {
      env: cli.environment({ TMPDIR: "." }),
      cwd: cli.folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let printed = "";
    for await (const text of child.stdout.setEncoding("utf8")) {
      printed += text;
      if (printed.endsWith("\n")) break;
    }
    const folder = dirname(printed.slice("at ".length));
    expect(isAbsolute(folder)).toBe(true);
    expect(existsSync(folder)).toBe(true);
    child.kill("SIGKILL");
    await expect.poll(() => existsSync(folder)).toBe(false);
  },
);

/** Returns whether this user can mount a file system that no other process sees. */
function canMount(): boolean {
  return spawnSync("unshare", ["-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
}

const SHOW_CLI =
  'test -x "$_EXPERIMENTAL_DAGGER_CLI_BIN" && echo "at $_EXPERIMENTAL_DAGGER_CLI_BIN"';

test("without a folder for temporary files, the stand-in for sessions and pipes are elsewhere", async () => {
  const script = `${SHOW_CLI}; echo again > /dev/stdout`;
  const { stdout, stderr } = await cli.run(["run", "--", "sh", "-c", script], {
    env: { TMPDIR: join(cli.folder, "missing"), XDG_RUNTIME_DIR: cli.folder },
  });
  expect(stdout).toContain(`at ${cli.folder}/dagger-breaker-`);
  expect(stdout).toContain("\nagain\n");
  expect(stderr).toBe("dagger-breaker: succeeded, exit code 0\n");
});

testWhere(canMount())(
  "the same applies if the system runs no program of such a folder",
  async () => {
    const mounted = join(cli.folder, "mounted");
    mkdirSync(mounted);
    const line = `mount -t tmpfs -o noexec tmpfs '${mounted}' && exec '${cli.program}' run -- sh -c '${SHOW_CLI}'`;
    const env = { TMPDIR: mounted, XDG_RUNTIME_DIR: cli.folder };
    const { stdout } = spawnSync("unshare", ["-Urm", "sh", "-c", line], {
      env: cli.environment(env),
      encoding: "utf8",
    });
    expect(stdout).toContain(`at ${cli.folder}/dagger-breaker-`);
  },
);

testWhere(process.platform === "linux")(
  "another user's program can run the stand-in for sessions, and reach nothing else",
  () => {
    const modes =
      'cli="$_EXPERIMENTAL_DAGGER_CLI_BIN"; cd "$(dirname "$cli")"; stat -c %a . "$cli" *.sock';
    const line = `umask 077; exec '${cli.program}' run -- sh -c '${modes}'`;
    const { stdout } = spawnSync("sh", ["-c", line], { env: cli.environment(), encoding: "utf8" });
    expect(stdout).toBe("711\n755\n600\n");
  },
);
