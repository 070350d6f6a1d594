/** Caches results made from files of the project, so that runs with the same files make them once. */

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
/** Inside node_modules: git ignores it, and programs made here find the packages of the project. */
const CACHE = join(ROOT, "node_modules/.cache/dagger-circuit-breaker");
/** Older results are removed when something else of the same name is made. */
const KEPT_MS = 24 * 60 * 60_000;
const POLL_MS = 50;
/** The holder of an older lock was killed, and another process has its id by now. */
const LONGEST_LOCK_MS = 10 * 60_000;

/**
 * Returns the folder that `make` filled from these inputs, and calls `make` when it does not exist yet.
 *
 * @param name What is made; one word.
 * @param inputs Files and folders of the project on which the result depends; tests in them do not count.
 * @param make Fills an empty folder. The folder moves afterwards, so nothing in it may hold its path.
 */
export async function made(name, inputs, make) {
  for (;;) {
    const key = digest(inputs);
    const folder = join(CACHE, `${name}-${key}`);
    if (await isThere(folder)) return folder;
    await mkdir(CACHE, { recursive: true });
    const unlock = await lock(folder);
    try {
      // Another process may have made it in the meantime.
      if (await isThere(folder)) return folder;
      const scratch = await mkdtemp(`${folder}.`);
      try {
        await make(scratch);
        // If the sources changed meanwhile, every later run would find a mixture under this key.
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

/** Returns a hash of the contents, without those of tests. Each test file waits for it, and at once is fastest. */
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

/** Returns whether the folder is there, and notes that it was used. */
async function isThere(folder) {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

/** Moves a finished folder to its place, unless the same was put there by a process that held the lock as well. */
async function moveInto(folder, scratch) {
  try {
    await rename(scratch, folder);
  } catch (error) {
    if (!(await isThere(folder))) throw error;
  }
}

/**
 * Waits for a lock and returns how to release it. It only saves work: two processes that take the lock of one that
 * was killed both go on, and `rename` lets one of them win.
 */
async function lock(folder) {
  const path = `${folder}.lock`;
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(own, String(process.pid));
  try {
    for (;;) {
      try {
        // Unlike a file that is opened and then written, a link is never seen empty.
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
    // It was released just now.
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
