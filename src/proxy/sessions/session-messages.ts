/**
 * The protocol between a stand-in and the runner that hosts its session. Each session has one
 * connection with lines of JSON, and each question is answered before the next. The end of the
 * connection ends the session.
 */

import type { Socket } from "node:net";
import type { RejectionAnswer } from "../../guard/wire/rejection-answer.js";
import type { SessionAddress } from "./session-address.js";
import type { OpeningFailure } from "./session-host.js";

/** A question of a stand-in. */
export type HostQuestion =
  | { readonly ask: "begin"; readonly workdir?: string | undefined }
  | { readonly ask: "opened"; readonly target: SessionAddress }
  | { readonly ask: "failed"; readonly failure: OpeningFailure }
  | { readonly ask: "end" };

/** An answer to it. */
export type HostAnswer =
  | { readonly variables: Readonly<Record<string, string>> }
  | { readonly address: SessionAddress }
  | { readonly done: true }
  /** The rejection by a circuit, in the form that sessions use. */
  | { readonly refused: RejectionAnswer }
  /** Another failure: the name of an error, never its message. */
  | { readonly error: string };

/** Above the size of the CLI's output that is kept, with any escapes. */
const MAX_LINE_LENGTH = 1024 * 1024;

/** Encodes a message as a line. */
export function messageLine(message: HostQuestion | HostAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Calls a listener for each message on a connection.
 *
 * @returns Resolves when no more can come. An invalid message ends the connection.
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
