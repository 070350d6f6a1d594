/**
 * How a stand-in and the runner that hosts its session talk: one connection for each session, lines
 * of JSON, each question answered before the next. The end of the connection is that of the session.
 */

import type { Socket } from "node:net";
import type { RejectionAnswer } from "../../guard/wire/rejection-answer.js";
import type { SessionAddress } from "./session-address.js";
import type { OpeningFailure } from "./session-host.js";

/** What a stand-in asks. */
export type HostQuestion =
  | { readonly ask: "begin"; readonly workdir?: string | undefined }
  | { readonly ask: "opened"; readonly target: SessionAddress }
  | { readonly ask: "failed"; readonly failure: OpeningFailure }
  | { readonly ask: "end" };

/** What it is told. */
export type HostAnswer =
  | { readonly variables: Readonly<Record<string, string>> }
  | { readonly address: SessionAddress }
  | { readonly done: true }
  /** The refusal of a circuit, in the shape that sessions tell it in. */
  | { readonly refused: RejectionAnswer }
  /** What else went wrong: the name of an error, never its words. */
  | { readonly error: string };

/** Longer than the words of a CLI that are kept, however they are escaped. */
const MAX_LINE_LENGTH = 1024 * 1024;

/** Writes a message as a line. */
export function messageLine(message: HostQuestion | HostAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Hands each message that comes over a connection to a listener.
 *
 * @returns Resolves when no more can come. Whoever says nonsense is cut off.
 */
export function readMessages(socket: Socket, listener: (message: unknown) => void): Promise<void> {
  let held = "";
  const take = (text: string): void => {
    held += text;
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      const line = held.slice(0, end);
      held = held.slice(end + 1);
      listener(JSON.parse(line));
    }
    if (held.length > MAX_LINE_LENGTH) throw new RangeError("a message is too long");
  };
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.once("end", resolve);
    socket.once("close", () => resolve());
    socket.setEncoding("utf8").on("data", (text: string) => {
      try {
        take(text);
      } catch {
        socket.destroy();
      }
    });
  });
}
