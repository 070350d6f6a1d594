/** Lists the processes that run, who started them, and which group they belong to. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process; its number alone may be another's later on. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** When it was started, in whatever way the system counts. */
  readonly since: string;
}

/** How long `ps` may take. */
const PS_TIMEOUT_MS = 2000;
/** Fields of /proc/PID/stat behind the name of the program, which may hold anything. */
const STATE = 0;
const PARENT = 1;
const GROUP = 2;
const SINCE = 19;
/** A process that has ended and whose parent has not asked for its end: it runs nothing any more. */
const ENDED = /^[ZX]/;

/** All processes that run, as far as the system tells. Zombies are not among them. */
export function processTable(): readonly ProcessEntry[] {
  try {
    return fromProc();
  } catch {
    return fromPs();
  }
}

/** Reads one entry from what /proc/PID/stat holds; undefined for a process that has ended. */
export function readStat(pid: number, stat: string): ProcessEntry | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (ENDED.test(fields[STATE] ?? "")) return undefined;
  return {
    pid,
    parent: Number(fields[PARENT]),
    group: Number(fields[GROUP]),
    since: fields[SINCE] ?? "",
  };
}

/** Reads one line of `ps -o pid=,ppid=,pgid=,stat=,lstart=`. */
export function readPsLine(line: string): ProcessEntry | undefined {
  const [pid, parent, group, state = "", ...since] = line.trim().split(/\s+/);
  if (ENDED.test(state)) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    since: since.join(" "),
  };
}

function fromProc(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const entry = entryOf(Number(name));
    if (entry !== undefined) entries.push(entry);
  }
  if (entries.length === 0) throw new Error("no processes in /proc");
  return entries;
}

function entryOf(pid: number): ProcessEntry | undefined {
  try {
    return readStat(pid, readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function fromPs(): ProcessEntry[] {
  try {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: PS_TIMEOUT_MS,
    });
    return table
      .trim()
      .split("\n")
      .map(readPsLine)
      .filter((entry) => entry !== undefined);
  } catch {
    return [];
  }
}
