/**
 * Runs one command of a check in its own process group. Ending the group also ends everything that the
 * command has started.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * How many characters of output to keep. The end is kept, because it explains a failure better than the
 * beginning.
 */
const KEPT_CHARACTERS = 400_000;
/** How long a process group may take to end after SIGTERM. */
const GRACE_MS = 3_000;

/**
 * Runs a command in the project's folder. Resolves to its status and output.
 *
 * `signal` ends the whole process group. `onMessage` gets each line that the command writes to descriptor
 * 3, parsed as JSON.
 */
export function runCommand(
  command,
  args,
  { cwd = ROOT, env = process.env, signal, onMessage } = {},
) {
  return new Promise((resolve) => {
    const stdio = ["ignore", "pipe", "pipe", ...(onMessage ? ["pipe"] : [])];
    const child = spawn(command, args, { cwd, env, stdio, detached: true });
    let output = "";
    let failure;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-KEPT_CHARACTERS);
      });
    }
    if (onMessage) readLines(child.stdio[3], (line) => onMessage(JSON.parse(line)));
    const stop = () => endGroup(child);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    child.on("error", (error) => {
      failure = error.message;
      resolve({ status: 1, output: `${output}\n${failure}` });
    });
    child.on("close", (status, ending) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) output += `\n${signal.reason}`;
      else if (ending !== null) output += `\nended by ${ending}`;
      resolve({ status: status ?? 1, output });
    });
  });
}

function endGroup(child) {
  if (child.pid === undefined) return;
  kill(-child.pid, "SIGTERM");
  setTimeout(() => kill(-child.pid, "SIGKILL"), GRACE_MS).unref();
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // The group has already ended.
  }
}

function readLines(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
  stream.on("error", () => {});
}
