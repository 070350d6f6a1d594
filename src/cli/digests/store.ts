/** Finds, reads and changes the file of known digests, and reports errors of that file. */

import { resolve } from "node:path";
import { codeOf } from "../../files/error-code.js";
import { FileLockedError } from "../../files/file-lock.js";
import {
  type DigestsRead,
  defaultDigestPath,
  type Environment,
  readDigests,
  updateDigests,
} from "../../guard/digests/digest-disk.js";
import type { KnownDigest } from "../../guard/digests/known-digests.js";
import { EXIT } from "../exit-codes.js";
import { CommandError } from "../terminal.js";

/** The longest wait for another process that writes the file. */
const MAX_WAIT_MS = 2_000;

/** Returns the path in `--file`, or else the default path of this user. */
export function digestPath(file: string | undefined, env: Environment): string {
  const path = file === undefined ? defaultDigestPath(env) : resolve(file);
  if (path !== undefined && path !== "") return path;
  throw new CommandError(
    "--file is missing; it is needed because neither HOME nor XDG_CACHE_HOME is set",
    EXIT.usage,
  );
}

/** Reads a file of known digests. A missing file has no entries. */
export function readStore(path: string): DigestsRead {
  const read = readDigests(path, Date.now());
  if (read.problem === undefined) return read;
  throw new CommandError(`${path} ${read.problem}`, EXIT.noInput);
}

/** Changes a file of known digests while no other process writes it. */
export function changeStore(
  path: string,
  change: (found: readonly KnownDigest[]) => readonly KnownDigest[] | undefined,
): void {
  try {
    updateDigests(path, { maxWaitMs: MAX_WAIT_MS, nowMs: Date.now() }, change);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Returns the error for a file that cannot be written. */
export function cannotWrite(path: string, error: unknown): CommandError {
  const code = codeOf(error);
  const why = error instanceof FileLockedError ? error.message : String(code);
  return new CommandError(`cannot write ${path} (${why})`, EXIT.cannotWrite);
}
