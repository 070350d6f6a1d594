/**
 * The protocol between a stand-in and the runner. Each session has one connection, and each message is a
 * line of JSON. A stand-in waits for an answer before it sends the next question. The end of the connection
 * ends the session.
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

/** The runner's answer to a question. */
export type HostAnswer =
  | { readonly variables: Readonly<Record<string, string>> }
  | { readonly address: SessionAddress }
  | { readonly done: true }
  /** The rejection by the guard, in the form of an answer to a query. */
  | { readonly refused: RejectionAnswer }
  /** Another failure. It contains only the name of the error, because a message may contain secrets. */
  | { readonly error: string };

/**
 * The longest line, in characters. The kept end of a CLI's output fits, even if every character is escaped.
 */
const MAX_LINE_LENGTH = 1024 * 1024;

/** Encodes a message as a line. */
export function messageLine(message: HostQuestion | HostAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Calls a listener for each message on a connection. An invalid message closes the connection.
 *
 * @returns A promise that resolves when no more messages can arrive.
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
