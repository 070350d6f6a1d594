/**
 * Finds the line with the session's address in a CLI's output, and replaces the address with that of the
 * proxy.
 */

import { Transform } from "node:stream";
import type { SessionAddress } from "../sessions/session-address.js";

/** The longest line that is searched, in bytes. The line with the address is much shorter. */
const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/** A function that returns the address to print instead, or undefined to keep the line. */
export type Readdress = (told: SessionAddress) => Promise<SessionAddress | undefined>;

/**
 * Forwards a CLI's output byte for byte, except for the first line of JSON with a port and a token. In that
 * line, the port and the token are replaced, and other keys stay. Later output waits until the line is
 * replaced.
 *
 * @param onUnknown Called for a line whose port or token is invalid. The line is dropped, because its
 * reader would connect to the session without the guard.
 */
export function readdressing(readdress: Readdress, onUnknown: () => void): Transform {
  let held: Buffer = Buffer.alloc(0);
  let isOver = false;

  /** Returns the bytes to print for a line. Nearly always, they are the line itself. */
  async function printed(line: Buffer): Promise<Buffer> {
    const told = addressIn(line);
    if (told === undefined) return line;
    isOver = true;
    if (told === "unknown") {
      onUnknown();
      return Buffer.alloc(0);
    }
    const address = await readdress(told.address);
    return address === undefined ? line : lineWith(address, told, line);
  }

  async function take(chunk: Buffer, out: Transform): Promise<void> {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (!isOver) {
      const end = held.indexOf(NEWLINE) + 1;
      if (end === 0) break;
      const line = held.subarray(0, end);
      held = held.subarray(end);
      out.push(await printed(line));
    }
    if (isOver || held.length > MAX_LINE_BYTES) release(out);
  }

  function release(out: Transform): void {
    if (held.length > 0) out.push(held);
    held = Buffer.alloc(0);
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      take(chunk, this).then(() => done(), done);
    },
    flush(done) {
      // Check a last line without a line break too, because SDKs read such a line as well.
      printed(held).then((line) => done(null, line), done);
    },
  });
}

interface FoundAddress {
  readonly address: SessionAddress;
  readonly line: Readonly<Record<string, unknown>>;
}

function addressIn(line: Buffer): FoundAddress | "unknown" | undefined {
  const parsed = objectIn(line);
  if (parsed === undefined || !("port" in parsed && "session_token" in parsed)) return undefined;
  const { port: given, session_token: token } = parsed;
  const port = portOf(given);
  if (port === undefined || typeof token !== "string" || token === "") return "unknown";
  return { address: { port, token }, line: parsed };
}

function objectIn(line: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line.toString("utf8"));
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the port, or undefined if it is invalid. Some SDKs also accept a port that is a string. */
function portOf(given: unknown): number | undefined {
  const port = typeof given === "string" && /^\d{1,5}$/.test(given) ? Number(given) : given;
  const isPort = Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536;
  return isPort ? (port as number) : undefined;
}

/** Replaces the port and the token in a line. A port that was a string stays a string. */
function lineWith({ port, token }: SessionAddress, { line }: FoundAddress, given: Buffer): Buffer {
  const end = /\r?\n$/.exec(given.toString("latin1"))?.[0] ?? "";
  const told = typeof line.port === "string" ? `${port}` : port;
  return Buffer.from(`${JSON.stringify({ ...line, port: told, session_token: token })}${end}`);
}
