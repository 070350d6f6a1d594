/** The stored contacts of commands: hashes, names of breakers and times, nothing else. */

import { createHash } from "node:crypto";

/**
 * The maximum age of an entry. A run whose functions come from Dagger's cache contacts no host and
 * keeps the old entry, so without a limit it could stay forever.
 */
export const LEARNED_MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** The size limit; a longer document is not read. */
export const MAX_LEARNED_BYTES = 4 * 1024 * 1024;

const VERSION = 1;
const MAX_COMMANDS = 500;
const MAX_NAMES = 64;
const NAME = /^(?:registry|git|http):[a-z0-9_.:[\]-]{1,260}$/;
const KEY = /^[0-9a-f]{64}$/;

/** The contacts of one command. */
export interface LearnedCommand {
  /**
   * A hash of the command, its arguments and its folder. Hashed, because arguments may hold
   * secrets.
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

/** Reads a document entry by entry. Skips old and invalid entries. */
export function parseLearned(text: string, nowMs: number): LearnedCommand[] {
  try {
    const { version, commands } = JSON.parse(text) as { version?: unknown; commands?: unknown };
    if (version !== VERSION || !Array.isArray(commands)) return [];
    return commands.slice(0, MAX_COMMANDS).filter((entry) => isSound(entry, nowMs));
  } catch {
    return [];
  }
}

/** Returns the text of a document with `latest` and the most recent other commands, 500 at most. */
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
    // An entry from the future is limited too: without that, a clock that was set back would keep
    // it for too long.
    Math.abs(nowMs - Number(atMs)) <= LEARNED_MAX_AGE_MS
  );
}
