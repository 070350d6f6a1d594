/** Finds a redis-server for the tests in tests/fleet, or installs Debian's. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The lowest major version that the store works with. */
const LOWEST = 7;

/** Says which server there is, or how to get one: the tests that need it are never skipped. */
export async function installRedisServer() {
  const program = process.env.REDIS_SERVER || "redis-server";
  const problem = (await problemOf(program)) && (await install()) && (await problemOf(program));
  if (!problem) return {};
  const how =
    'install it (Debian: "apt-get install redis-server", macOS: "brew install redis"), or name ' +
    "the program in the variable REDIS_SERVER";
  return { failed: `${problem}: ${how}` };
}

/** What is wrong with a program; undefined when it will do. Valkey says `valkey-server` or `Server`. */
async function problemOf(program) {
  try {
    const { stdout } = await execute(program, ["--version"]);
    const [, major] = /\bv=(\d+)\./.exec(stdout) ?? [];
    if (Number(major) >= LOWEST) return undefined;
    return `${program} is ${stdout.trim()}, and the store needs ${LOWEST}.0 or later`;
  } catch (error) {
    return `${program} cannot be run (${error.code ?? error.message})`;
  }
}

/** Installs the package where that needs no password. Resolves to true, for the look that follows. */
async function install() {
  const isRoot = process.getuid?.() === 0;
  const apt = isRoot ? ["apt-get"] : ["sudo", "--non-interactive", "apt-get"];
  const quiet = ["--quiet", "--yes", "--no-install-recommends"];
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  for (const command of [["update"], ["install", ...quiet, "redis-server"]]) {
    const [program, ...rest] = [...apt, ...command];
    await execute(program, rest, options).catch(() => undefined);
  }
  return true;
}
