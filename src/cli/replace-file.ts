/** Replaces a file so that readers never see a half-written file. */

import { randomBytes } from "node:crypto";
import { mkdir, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../files/error-code.js";
import { EXIT } from "./exit-codes.js";
import { CommandError } from "./terminal.js";

/**
 * Replaces a file atomically. Readers see either the complete old file or the complete new file. A
 * link stays a link, and an existing file keeps its permissions.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  let temporary: string | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    const target = await realpath(path).catch(() => path);
    const found = await stat(target).catch(() => undefined);
    // Replacing a device or a pipe would turn it into a file.
    if (found !== undefined && !found.isFile()) {
      throw new CommandError(
        `cannot write ${path}: it is not a regular file; name another path`,
        EXIT.cannotWrite,
      );
    }
    const mode = found === undefined ? 0o644 : found.mode & 0o777;
    temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await unlink(temporary).catch(() => {});
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot write ${path} (${codeOf(error)})`, EXIT.cannotWrite);
  }
}
