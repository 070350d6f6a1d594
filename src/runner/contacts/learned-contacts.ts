/** Remembers the contacts of a command between runs, in a file that many processes share. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf } from "../../files/error-code.js";
import { replaceLocked } from "../../files/file-lock.js";
import { makeFolder } from "../../fleet/folders.js";
import { defaultDigestPath } from "../../guard/digests/digest-disk.js";
import type { Environment } from "../../traces/environment.js";
import { formatLearned, MAX_LEARNED_BYTES, parseLearned } from "./learned-document.js";

/** The longest wait for other processes that write the file. */
const MAX_WAIT_MS = 500;

/**
 * Returns the default path, in the folder of the known digests; undefined if the user has no home
 * folder.
 */
export function defaultLearnedPath(env: Environment): string | undefined {
  const digests = defaultDigestPath(env);
  return digests && join(dirname(digests), "contacts.json");
}

/**
 * Returns the breakers that a command contacted in its last run. Returns none if the file is
 * missing or unreadable.
 *
 * @param keyOf Returns the key of the command. Called only if the file has entries.
 */
export function readLearned(path: string, keyOf: () => string, nowMs: number): readonly string[] {
  const commands = parseLearned(textOf(path), nowMs);
  if (commands.length === 0) return [];
  const key = keyOf();
  return commands.find((one) => one.key === key)?.contacts ?? [];
}

/**
 * Stores the contacts of a command.
 *
 * @returns The system's error code; undefined on success.
 */
export function writeLearned(
  path: string,
  learnt: { readonly key: string; readonly contacts: readonly string[]; readonly atMs: number },
): string | undefined {
  try {
    makeFolder(dirname(path));
    replaceLocked(path, MAX_WAIT_MS, () =>
      formatLearned(parseLearned(textOf(path), learnt.atMs), learnt),
    );
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function textOf(path: string): string {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that has no writer would block forever.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(descriptor);
    if (!found.isFile() || found.size > MAX_LEARNED_BYTES) return "";
    return readFileSync(descriptor, "utf8");
  } catch {
    return ""; // A missing or unreadable file has no contacts.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
