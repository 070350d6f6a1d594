/** Lists running processes with their parents and groups. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A running process. The system may give its id to another process later; then `since` differs. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** The start time of the process. Its format depends on the system. */
  readonly since: string;
}

const PS_TIMEOUT_MS = 2000;
/**
 * The positions of fields in /proc/PID/stat. They are counted from the field after the program's
 * name, because the name may contain spaces.
 */
const STATE = 0;
const PARENT = 1;
const GROUP = 2;
const SINCE = 19;
/** The states of a process that has ended but was not reaped (zombie). */
const ENDED = /^[ZX]/;

/** Returns all running processes that the system shows, without zombies. */
export function processTable(): readonly ProcessEntry[] {
  try {
    return fromProc();
  } catch {
    return fromPs();
  }
}

/**
 * Returns the process that a text of /proc/PID/stat describes; undefined if the process has ended.
 */
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

/**
 * Returns the process in one line of `ps -o pid=,ppid=,pgid=,stat=,lstart=`; undefined if the
 * process has ended.
 */
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
    return undefined; // The process has ended meanwhile.
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
