/** Finds the line with the session's address in a CLI's output, and replaces the address by the proxy's. */

import { Transform } from "node:stream";
import type { SessionAddress } from "../sessions/session-address.js";

/** The longest line that is searched. The line with the address is far shorter. */
const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/** Returns the address to print instead; undefined to keep the line. */
export type Readdress = (told: SessionAddress) => Promise<SessionAddress | undefined>;

/**
 * Forwards a CLI's output byte for byte, except for the first line of JSON that has a port and a token.
 * These two are replaced; its other keys stay. Later output waits until the line is replaced.
 *
 * @param onUnknown Called for a line whose port or token is invalid. That line is dropped, because its
 * reader would connect to the session without the guard.
 */
export function readdressing(readdress: Readdress, onUnknown: () => void): Transform {
  let held: Buffer = Buffer.alloc(0);
  let isOver = false;

  /** Returns what to print for a line: nearly always the line itself. */
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
      // A last line without a line break also counts, as for its readers.
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

/** Returns the port. Some SDKs also accept one that is a text. */
function portOf(given: unknown): number | undefined {
  const port = typeof given === "string" && /^\d{1,5}$/.test(given) ? Number(given) : given;
  const isPort = Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536;
  return isPort ? (port as number) : undefined;
}

/** Replaces port and token in a line. The port stays a text or a number, as it was. */
function lineWith({ port, token }: SessionAddress, { line }: FoundAddress, given: Buffer): Buffer {
  const end = /\r?\n$/.exec(given.toString("latin1"))?.[0] ?? "";
  const told = typeof line.port === "string" ? `${port}` : port;
  return Buffer.from(`${JSON.stringify({ ...line, port: told, session_token: token })}${end}`);
}
