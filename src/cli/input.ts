/**
 * Reads texts that a command gets as input. `classify` reads only the beginning and the end of a
 * text of any size.
 */

import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { decoderOf } from "../files/decode-text.js";
import { Ends, joinEnds, WINDOW_BYTES } from "../files/ends.js";
import { codeOf } from "../files/error-code.js";
import { readUpTo } from "../sockets/bounded-body.js";
import { EXIT } from "./exit-codes.js";
import { CommandError, type Terminal } from "./terminal.js";

/** The size limit of a file that is read completely. */
export const MAX_WHOLE_BYTES = 16 * 1024 * 1024;

/** Renders the name of an input in a message. */
function nameOf(file: string): string {
  return file === "-" ? "standard input" : JSON.stringify(file);
}

/**
 * Returns the text of an input that must not be empty.
 *
 * @param expected The words of the error for what the input should contain, such as "one request".
 * @throws CommandError if the text is empty or contains only spaces.
 */
export function notEmpty(text: string, file: string, expected: string): string {
  if (text.trim() !== "") return text;
  throw new CommandError(`${nameOf(file)} is empty; expected ${expected}`, EXIT.noInput);
}

/** Reads the beginning and the end of a file, or of standard input for `-`. */
export async function readEnds(file: string, terminal: Terminal): Promise<string> {
  if (file === "-") return endsOfStream(terminal.stdin);
  const handle = await open(file, "r").catch((error: unknown) => cannotRead(file, error));
  try {
    const { size } = await handle.stat();
    // Reads a small file as a stream, because its size may be wrong. A pipe or a device has no
    // size, and files in /proc report 0.
    if (size <= 2 * WINDOW_BYTES) {
      return await endsOfStream(handle.createReadStream({ autoClose: false }));
    }
    const head = Buffer.alloc(WINDOW_BYTES);
    const tail = Buffer.alloc(WINDOW_BYTES);
    const first = await handle.read(head, 0, WINDOW_BYTES, 0);
    const last = await handle.read(tail, 0, WINDOW_BYTES, size - WINDOW_BYTES);
    const decode = decoderOf(head);
    return joinEnds(
      decode(head.subarray(0, first.bytesRead), 0),
      decode(tail.subarray(0, last.bytesRead), size - WINDOW_BYTES),
    );
  } catch (error) {
    return cannotRead(file, error);
  } finally {
    await handle.close();
  }
}

/** Reads a whole file, as {@link readWhole} does. Rejects an empty file. */
export async function readText(
  file: string,
  terminal: Terminal,
  expected: string,
): Promise<string> {
  return notEmpty(await readWhole(file, terminal, expected), file, expected);
}

/**
 * Reads a whole file, or standard input for `-`. Rejects more than 16 MiB.
 *
 * @param expected The words of the error for what the file should contain, such as "one request".
 */
export async function readWhole(
  file: string,
  terminal: Terminal,
  expected: string,
): Promise<string> {
  if (file === "-") return wholeStream(terminal.stdin, file, expected);
  const handle = await open(file, "r").catch((error: unknown) => cannotRead(file, error));
  try {
    return await wholeStream(handle.createReadStream({ autoClose: false }), file, expected);
  } catch (error) {
    return cannotRead(file, error);
  } finally {
    await handle.close();
  }
}

/** Returns the first and the last bytes of a stream as text. The stream may have any length. */
export async function endsOfStream(stream: Readable): Promise<string> {
  const ends = new Ends();
  for await (const chunk of stream) ends.add(Buffer.from(chunk));
  return ends.text(decoderOf);
}

async function wholeStream(stream: Readable, file: string, expected: string): Promise<string> {
  const bytes = await readUpTo(stream, MAX_WHOLE_BYTES);
  if (bytes === undefined) {
    throw new CommandError(
      `${nameOf(file)} is longer than ${MAX_WHOLE_BYTES / 1024 / 1024} MiB; expected ${expected}`,
      EXIT.noInput,
    );
  }
  return decoderOf(bytes)(bytes, 0);
}

function cannotRead(file: string, error: unknown): never {
  if (error instanceof CommandError) throw error;
  const code = codeOf(error);
  throw new CommandError(
    `cannot read ${JSON.stringify(file)} (${code}), expected a file, or "-" for standard input`,
    EXIT.noInput,
  );
}
