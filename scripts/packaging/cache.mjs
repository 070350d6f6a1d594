/** Caches results that are made from files of the project, so that unchanged files are processed only once. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/**
 * The cache is in node_modules, because git ignores that folder. Programs in the cache also find the
 * project's packages there.
 */
const CACHE = join(ROOT, "node_modules/.cache/dagger-circuit-breaker");
/** How long unused results are kept. They are removed when a new result of the same name is made. */
const KEPT_MS = 24 * 60 * 60_000;
const POLL_MS = 50;
/**
 * The highest age of a valid lock. The holder of an older lock was killed, and its id may belong to another
 * process by now.
 */
const LONGEST_LOCK_MS = 10 * 60_000;

/**
 * Returns the folder with the result for these inputs. Calls `make` first when no such folder exists.
 *
 * @param name The kind of result, as one word.
 * @param inputs Files and folders of the project on which the result depends. Their tests do not count.
 * @param make Fills an empty folder. The folder is moved afterwards, so no file in it may contain its path.
 */
export async function made(name, inputs, make) {
  for (;;) {
    const key = digest(inputs);
    const folder = join(CACHE, `${name}-${key}`);
    if (await isThere(folder)) return folder;
    await mkdir(CACHE, { recursive: true });
    const unlock = await lock(folder);
    try {
      // Another process may have made the result while this process waited for the lock.
      if (await isThere(folder)) return folder;
      const scratch = await mkdtemp(`${folder}.`);
      try {
        await make(scratch);
        // If the sources have changed meanwhile, the result is a mixture. It must not be stored under this
        // key.
        if (key === digest(inputs)) await moveInto(folder, scratch);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
      await removeUnused(name, folder);
    } finally {
      await unlock();
    }
  }
}

/**
 * Returns a hash of the inputs' contents, without tests. Every test file waits for it, and synchronous
 * reading is fastest.
 */
function digest(inputs) {
  const hash = createHash("sha256");
  for (const input of inputs) addTo(hash, join(ROOT, input));
  return hash.digest("hex").slice(0, 16);
}

function addTo(hash, path) {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).sort()) addTo(hash, join(path, name));
  } else if (!path.endsWith(".test.ts")) {
    const content = readFileSync(path);
    hash.update(`${relative(ROOT, path)}\0${content.length}\0`).update(content);
  }
}

/** Returns whether the folder exists, and marks it as used now. */
async function isThere(folder) {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

/**
 * Moves a finished folder into its place. Does nothing when another process has already put the same result
 * there.
 */
async function moveInto(folder, scratch) {
  try {
    await rename(scratch, folder);
  } catch (error) {
    if (!(await isThere(folder))) throw error;
  }
}

/**
 * Waits for a lock, and returns a function that releases it. The lock only avoids double work. When its
 * holder is killed, two processes may both get it, but both results are equal and `rename` keeps only one.
 */
async function lock(folder) {
  const path = `${folder}.lock`;
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(own, String(process.pid));
  try {
    for (;;) {
      try {
        // A file that is opened and then written is empty for a moment. A link shows the whole content at
        // once.
        await link(own, path);
        return () => rm(path, { force: true });
      } catch (error) {
        if (error.code !== "EEXIST") throw error;
      }
      if (await isAbandoned(path)) await rm(path, { force: true });
      else await sleep(POLL_MS);
    }
  } finally {
    await rm(own, { force: true });
  }
}

async function isAbandoned(path) {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > LONGEST_LOCK_MS || !isAlive(Number(await readFile(path, "utf8")));
  } catch (error) {
    // Another process has just released the lock.
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function removeUnused(name, used) {
  for (const entry of await readdir(CACHE)) {
    const path = join(CACHE, entry);
    if (!entry.startsWith(`${name}-`) || path.startsWith(used)) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}
