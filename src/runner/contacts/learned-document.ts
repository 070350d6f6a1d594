/**
 * Reads and writes the stored contacts of commands. A document contains only hashes, names of
 * breakers, and times.
 */

import { createHash } from "node:crypto";

/**
 * The maximum age of an entry. If Dagger's cache answers a run, that run contacts no host and keeps
 * the old entry. Without a limit, the entry could stay forever.
 */
export const LEARNED_MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** The maximum size. The text of a larger file is ignored. */
export const MAX_LEARNED_BYTES = 4 * 1024 * 1024;

const VERSION = 1;
const MAX_COMMANDS = 500;
const MAX_NAMES = 64;
const NAME = /^(?:registry|git|http):[a-z0-9_.:[\]-]{1,260}$/;
const KEY = /^[0-9a-f]{64}$/;

/** The contacts of one command. */
export interface LearnedCommand {
  /**
   * A hash of the command, its arguments and its working folder. The arguments themselves are not
   * stored, because they may contain secrets.
   */
  readonly key: string;
  /** Names of breakers, such as `registry:ghcr.io`. */
  readonly contacts: readonly string[];
  readonly atMs: number;
}

/** Returns the key of a command. The same command line in another folder has another key. */
export function learnedKey(command: string, args: readonly string[], folder: string): string {
  return createHash("sha256")
    .update(JSON.stringify([command, args, folder]))
    .digest("hex");
}

/** Returns the valid entries of a document. Skips old and invalid entries. */
export function parseLearned(text: string, nowMs: number): LearnedCommand[] {
  try {
    const { version, commands } = JSON.parse(text) as { version?: unknown; commands?: unknown };
    if (version !== VERSION || !Array.isArray(commands)) return [];
    return commands.slice(0, MAX_COMMANDS).filter((entry) => isSound(entry, nowMs));
  } catch {
    return [];
  }
}

/**
 * Returns the text of a document with `latest` and the newest other commands, at most 500 in total.
 */
export function formatLearned(known: readonly LearnedCommand[], latest: LearnedCommand): string {
  const others = known.filter(({ key }) => key !== latest.key);
  const contacts = latest.contacts.filter((name) => NAME.test(name)).slice(0, MAX_NAMES);
  const newestFirst = [{ ...latest, contacts }, ...others].sort(
    (one, other) => other.atMs - one.atMs,
  );
  const lines = newestFirst
    .slice(0, MAX_COMMANDS)
    .map(({ key, contacts: names, atMs }) => JSON.stringify({ key, contacts: names, atMs }));
  return `{"version":${VERSION},"commands":[\n${lines.join(",\n")}\n]}\n`;
}

function isSound(entry: unknown, nowMs: number): boolean {
  const { key, contacts, atMs } = (entry ?? {}) as Partial<Record<keyof LearnedCommand, unknown>>;
  return (
    typeof key === "string" &&
    KEY.test(key) &&
    Array.isArray(contacts) &&
    contacts.length <= MAX_NAMES &&
    contacts.every((name) => typeof name === "string" && NAME.test(name)) &&
    Number.isSafeInteger(atMs) &&
    // Also skips entries that are far in the future. After the clock is set back, such entries
    // would otherwise stay for too long.
    Math.abs(nowMs - Number(atMs)) <= LEARNED_MAX_AGE_MS
  );
}
