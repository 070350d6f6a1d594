/** Remembers between runs what a command contacted, in a file that many processes share. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf } from "../../files/error-code.js";
import { replaceLocked } from "../../files/file-lock.js";
import { makeFolder } from "../../fleet/folders.js";
import { defaultDigestPath } from "../../guard/digests/digest-disk.js";
import type { Environment } from "../../traces/environment.js";
import { formatLearnt, MAX_LEARNT_BYTES, parseLearnt } from "./learnt-document.js";

/** For how long other processes that write are waited for. */
const MAX_WAIT_MS = 500;

/** Where it is kept by default: beside known digests; undefined without a home. */
export function defaultLearntPath(env: Environment): string | undefined {
  const digests = defaultDigestPath(env);
  return digests && join(dirname(digests), "contacts.json");
}

/**
 * What is known of a command; nothing when there is no such file or it cannot be read.
 *
 * @param keyOf Gives the key of the command, where the file holds any.
 */
export function readLearnt(path: string, keyOf: () => string, nowMs: number): readonly string[] {
  const commands = parseLearnt(textOf(path), nowMs);
  if (commands.length === 0) return [];
  const key = keyOf();
  return commands.find((one) => one.key === key)?.contacts ?? [];
}

/**
 * Remembers what a command contacted.
 *
 * @returns Why that failed, as a code of the system; undefined when it did not.
 */
export function writeLearnt(
  path: string,
  learnt: { readonly key: string; readonly contacts: readonly string[]; readonly atMs: number },
): string | undefined {
  try {
    makeFolder(dirname(path));
    replaceLocked(path, MAX_WAIT_MS, () =>
      formatLearnt(parseLearnt(textOf(path), learnt.atMs), learnt),
    );
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function textOf(path: string): string {
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would keep us for ever.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(descriptor);
    if (!found.isFile() || found.size > MAX_LEARNT_BYTES) return "";
    return readFileSync(descriptor, "utf8");
  } catch {
    return ""; // What is not there, or not for us, tells nothing.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
