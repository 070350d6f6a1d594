/**
 * Bounds the connections that have not shown their token yet: they get little time and little room,
 * and they keep no other connection out. The session proxy, the receiver of traces and the server of
 * shared circuits use it alike.
 */

import type { Socket } from "node:net";

/** How long a connection may take to show its token, in milliseconds. */
const TOKEN_WITHIN_MS = 5000;

/** How many connections without a token are kept; the oldest makes room for the next. */
const MAX_STRANGERS = 1000;

/** The longest head that is read of a connection that has not shown its token. */
export const MAX_STRANGER_HEAD_BYTES = 16 * 1024;

/**
 * The connections of one server. Those that have shown their token are members: they are neither timed
 * nor cut here, since clients with a pool open connections early and keep them for later.
 */
export class TokenGate {
  readonly #maxMembers: number;
  readonly #members = new Set<Socket>();
  /** With their timers, the oldest first. */
  readonly #strangers = new Map<Socket, NodeJS.Timeout>();

  /** @param maxMembers How many connections with a token are taken at once. */
  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** Takes a new connection in, for as long as a connection without a token is kept. */
  enter(socket: Socket): void {
    // A socket may fail before a server of HTTP listens to it, and after it has stopped listening.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#forget(socket));
    const timer = setTimeout(() => this.#expire(socket), TOKEN_WITHIN_MS);
    this.#strangers.set(socket, timer.unref());
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > MAX_STRANGERS) oldest?.destroy();
  }

  /**
   * Makes a connection that has shown its token a member.
   *
   * @returns False when there is no room for one more: answer it 503, and close it.
   */
  admit(socket: Socket): boolean {
    const timer = this.#strangers.get(socket);
    if (timer === undefined) return this.#members.has(socket);
    if (this.#members.size >= this.#maxMembers) return false;
    clearTimeout(timer);
    this.#strangers.delete(socket);
    this.#members.add(socket);
    return true;
  }

  /** Whether a connection has shown its token. */
  isMember(socket: Socket): boolean {
    return this.#members.has(socket);
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#strangers.get(socket));
    this.#strangers.delete(socket);
    this.#members.delete(socket);
  }

  /**
   * Cuts a connection that is late. On a busy machine its head may have come in time and be unread
   * still: sockets are read once more before the callback of `setImmediate` runs.
   */
  #expire(socket: Socket): void {
    setImmediate(() => {
      if (this.#strangers.has(socket)) socket.destroy();
    });
  }
}
