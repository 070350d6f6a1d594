/** Reads a source file whole, and refuses what cannot be one. */

import { open } from "node:fs/promises";

/** The longest source file that is read. */
export const MAX_SOURCE_BYTES = 1024 * 1024;

/** The text of a file, or why it was not read. */
export type SourceText = { readonly text: string } | { readonly refused: string };

/** Reads a file. */
export async function readSource(file: string): Promise<SourceText> {
  try {
    const handle = await open(file, "r");
    try {
      if ((await handle.stat()).isDirectory()) return { refused: "is a folder, expected a file" };
      const bytes: Buffer[] = [];
      // One byte more than may be: a device tells no size, and never ends.
      const stream = handle.createReadStream({ end: MAX_SOURCE_BYTES, autoClose: false });
      for await (const chunk of stream) bytes.push(Buffer.from(chunk));
      const whole = Buffer.concat(bytes);
      if (whole.length > MAX_SOURCE_BYTES)
        return { refused: "is longer than 1 MiB, expected a source file" };
      if (whole.includes(0)) return { refused: "is binary, expected a source file" };
      return { text: whole.toString("utf8") };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { refused: `cannot be read (${(error as { code?: string }).code ?? "unknown reason"})` };
  }
}
