/**
 * Creates real pipes, as a shell does. The pipes of Node.js are sockets, which programs cannot open
 * as /dev/stdout. Node.js also cannot use one pipe for both outputs.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { placesForFolders, privateFolder } from "../../files/private-folder.js";

/** Both ends of a pipe, as descriptors of this process. */
export interface RealPipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Which end of the pipe this process keeps. That end is non-blocking. */
export type OwnEnd = "read" | "write";

/**
 * Creates named pipes, opens both ends, and removes the names at once.
 *
 * @returns Undefined if the system has no named pipes, as on Windows.
 */
export async function openPipes(own: readonly OwnEnd[]): Promise<readonly RealPipe[] | undefined> {
  if (own.length === 0) return [];
  if (process.platform === "win32") return undefined;
  for (const place of placesForFolders(process.env)) {
    const pipes = await openPipesIn(place, own);
    if (pipes !== undefined) return pipes;
  }
  return undefined;
}

/** Creates pipes in a folder. Returns undefined if that fails, for example in a missing folder. */
async function openPipesIn(
  place: string,
  own: readonly OwnEnd[],
): Promise<readonly RealPipe[] | undefined> {
  const folder = attempted(() => privateFolder(place).path);
  if (folder === undefined) return undefined;
  const paths = own.map((_, index) => join(folder, `${index}`));
  try {
    return (await makeFifos(paths)) ? openAll(paths, own) : undefined;
  } catch {
    return undefined;
  } finally {
    // Removes the files one by one. Listing the folder would need a descriptor, and all descriptors
    // may be in use.
    for (const path of paths) attempted(() => unlinkSync(path));
    attempted(() => rmdirSync(folder));
  }
}

function attempted<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

export function closePipe({ readEnd, writeEnd }: RealPipe): void {
  closeSync(readEnd);
  closeSync(writeEnd);
}

async function makeFifos(paths: readonly string[]): Promise<boolean> {
  const [code] = await once(spawn("mkfifo", ["-m", "600", ...paths], { stdio: "ignore" }), "exit");
  return code === 0;
}

function openAll(paths: readonly string[], own: readonly OwnEnd[]): readonly RealPipe[] {
  const pipes: RealPipe[] = [];
  try {
    for (const [index, path] of paths.entries()) pipes.push(openPipe(path, own[index] ?? "read"));
    return pipes;
  } catch (error) {
    for (const pipe of pipes) closePipe(pipe);
    throw error;
  }
}

function openPipe(path: string, own: OwnEnd): RealPipe {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  // Opens the read end first, because opening the write end would wait for a reader. O_NONBLOCK
  // does not reach a command that inherits the read end: libuv removes the flag when it starts a
  // process.
  const readEnd = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const writeEnd = openSync(path, own === "write" ? O_WRONLY | O_NONBLOCK : O_WRONLY);
    return { readEnd, writeEnd };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}
