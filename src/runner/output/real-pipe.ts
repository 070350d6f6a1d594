/**
 * Makes pipes as a shell does. Node gives a child sockets, which programs cannot open again by
 * /dev/stdout or /dev/stderr, and never one for both of its outputs.
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

/** Which end this process keeps. That one is non-blocking. */
export type OwnEnd = "read" | "write";

/**
 * Makes some pipes, which have no name any more once they are there.
 *
 * @returns Undefined where the system does not make any, as Windows.
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

/** Undefined where a folder takes none, such as one that is missing or full. */
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
    // By their names, which takes no descriptor: there may be none left.
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

/** Closes both ends. */
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
  // A writer can be opened without waiting only when there is a reader. A command that is given the
  // end to read from gets it blocking all the same: that is how libuv starts a process.
  const readEnd = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const writeEnd = openSync(path, own === "write" ? O_WRONLY | O_NONBLOCK : O_WRONLY);
    return { readEnd, writeEnd };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}
