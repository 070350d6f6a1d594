/** Tells which processes there are and who started them. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process; its number alone may be another's later on. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** When it was started, in whatever way the system counts. */
  readonly since: string;
}

/** How long `ps` may take. */
const PS_TIMEOUT_MS = 2000;
/** Fields of /proc/PID/stat behind the name of the program, which may hold anything. */
const STATE = 0;
const PARENT = 1;
const SINCE = 19;
const ENDED = "Z";

/** All processes that run, as far as the system tells. */
export function processTable(): readonly ProcessEntry[] {
  try {
    return fromProc();
  } catch {
    return fromPs();
  }
}

function fromProc(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readStat(Number(name));
    if (entry !== undefined) entries.push(entry);
  }
  if (entries.length === 0) throw new Error("no processes in /proc");
  return entries;
}

function readStat(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[STATE] === ENDED) return undefined;
    return { pid, parent: Number(fields[PARENT]), since: fields[SINCE] ?? "" };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function fromPs(): ProcessEntry[] {
  try {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,lstart="], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: PS_TIMEOUT_MS,
    });
    return table
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, parent, ...since]) => ({
        pid: Number(pid),
        parent: Number(parent),
        since: since.join(" "),
      }));
  } catch {
    return [];
  }
}
