/** Signals a command with all that it has started. */

import { type ChildProcess, execFileSync } from "node:child_process";

/** How long `ps` may take. */
const PS_TIMEOUT_MS = 2000;

/**
 * Sends a signal to a command and what it has started.
 *
 * @param leads Whether the command leads a process group of its own. With a terminal it cannot: it
 * would lose the foreground. Then its descendants are looked for.
 */
export function signalAll(child: ChildProcess, signal: NodeJS.Signals, leads: boolean): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (leads && process.platform !== "win32") {
    send(-pid, signal);
    return;
  }
  const below = descendantsOf(pid);
  child.kill(signal);
  for (const one of below) send(one, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/** The processes below one, as far as the system tells. */
function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const [own = 0, parent = 0] of processTable()) {
    children.set(parent, [...(children.get(parent) ?? []), own]);
  }
  const found = [...(children.get(pid) ?? [])];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

function processTable(): number[][] {
  try {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: PS_TIMEOUT_MS,
    });
    return table
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
  } catch {
    return [];
  }
}
