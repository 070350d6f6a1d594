/** Finds the servers and toolchains that tests need. Installs missing ones when asked to. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * The tools. Each entry has the arguments that print the version, the lowest supported version, and how to
 * install the tool. `variable` names an environment variable that can select another program.
 */
const TOOLS = {
  "redis-server": {
    variable: "REDIS_SERVER",
    args: ["--version"],
    // Valkey prints `valkey-server v=` or `Server v=`.
    version: /\bv=(\d+)\.(\d+)/,
    lowest: [7, 0],
    debian: "redis-server",
    macos: "brew install redis",
  },
  // Debian's package contains promtool too. Debian also starts the server as a service.
  prometheus: {
    args: ["--version"],
    version: /version (\d+)\.(\d+)/,
    lowest: [2, 42],
    debian: "prometheus",
    macos: "brew install prometheus",
  },
  python3: {
    args: ["-c", "import sys, venv, ensurepip; print(sys.version)"],
    version: /^(\d+)\.(\d+)/,
    lowest: [3, 10],
    debian: "python3-venv",
    macos: "brew install python",
  },
  go: {
    args: ["version"],
    version: /go(\d+)\.(\d+)/,
    lowest: [1, 21],
    debian: "golang-go",
    macos: "brew install go",
  },
  cargo: {
    args: ["--version"],
    version: /^cargo (\d+)\.(\d+)/,
    // The version is the one in tests/sdks/rust/Cargo.toml.
    lowest: [1, 85],
    debian: "cargo",
    macos: "brew install rust",
  },
  java: {
    args: ["--version"],
    version: /(\d+)(?:\.(\d+))?/,
    lowest: [17, 0],
    debian: "openjdk-17-jdk-headless",
    macos: "brew install openjdk@17",
  },
  mvn: {
    args: ["--version"],
    version: /Apache Maven (\d+)\.(\d+)/,
    lowest: [3, 6],
    debian: "maven",
    macos: "brew install maven",
  },
};

/**
 * Finds a tool, and installs a missing one when `installs` is true. Resolves to undefined when the tool is
 * there. Otherwise resolves to a description of the problem and its fix.
 */
export async function findTool(name, { installs }) {
  const tool = TOOLS[name];
  const program = (tool.variable && process.env[tool.variable]) || name;
  let problem = await problemOf(program, tool);
  if (problem && installs) {
    const refusal = await installWithApt(tool.debian);
    problem = await problemOf(program, tool);
    if (problem && refusal) problem += `; apt-get: ${refusal}`;
  }
  if (problem === undefined) return undefined;
  const named = tool.variable ? `, or name the program in the variable ${tool.variable}` : "";
  return (
    `${problem}: install it (Debian: "apt-get install ${tool.debian}", macOS: "${tool.macos}")` +
    `${named}`
  );
}

async function problemOf(program, { args, version, lowest }) {
  const wanted = lowest.join(".");
  try {
    const { stdout } = await execute(program, args);
    const [, major, minor = 0] = (version.exec(stdout) ?? []).map(Number);
    if (major > lowest[0] || (major === lowest[0] && minor >= lowest[1])) return undefined;
    return `${program} is ${stdout.trim().split("\n")[0]}, and ${wanted} or later is needed`;
  } catch (error) {
    return `${program} ${wanted} or later cannot be run (${error.code ?? error.message})`;
  }
}

/** Installs a Debian package, if no password is needed. Resolves to the reason of a failure. */
async function installWithApt(name) {
  const isRoot = process.getuid?.() === 0;
  const [program, ...apt] = isRoot ? ["apt-get"] : ["sudo", "--non-interactive", "apt-get"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = ["--quiet", "--yes", "--no-install-recommends"];
  // The installation may still succeed with an old list of packages, so this error is ignored.
  await execute(program, [...apt, "update"], { env }).catch(() => undefined);
  return execute(program, [...apt, "install", ...quiet, name], { env }).then(
    () => undefined,
    (error) => (error.stderr || error.message).trim().split("\n").at(-1),
  );
}
