/**
 * Makes pipes as a shell does. Node gives a child sockets, which programs cannot open again by
 * /dev/stdout or /dev/stderr, and never one for both of its outputs.
 */

import { spawnSync } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A pipe that a child may write to. */
export interface RealPipe {
  readonly source: Socket;
  /** To be closed once the child has it. */
  readonly writeEnd: number;
}

/**
 * Makes some pipes, which have no name any more once they are there.
 *
 * @returns Undefined where the system does not make any, as Windows.
 */
export function openPipes(count: number): readonly RealPipe[] | undefined {
  if (count === 0 || process.platform === "win32") return undefined;
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "dagger-breaker-"));
    const paths = Array.from({ length: count }, (_, index) => join(folder as string, `${index}`));
    const { status } = spawnSync("mkfifo", ["-m", "600", ...paths], { stdio: "ignore" });
    return status === 0 ? paths.map(openPipe) : undefined;
  } catch {
    return undefined;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function openPipe(path: string): RealPipe {
  // A writer can be opened without waiting only when there is a reader.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  return { source: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd };
}
