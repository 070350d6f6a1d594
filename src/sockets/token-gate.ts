/**
 * Limits connections that have not sent their token yet. They get little time and memory, and cannot take
 * the places of other connections. The session proxy, the trace receiver and the server of shared circuits
 * use this file.
 */

import type { Socket } from "node:net";

/** The longest time for a connection to send its token, in milliseconds. */
const TOKEN_WITHIN_MS = 5000;

/** The most connections without a token. A further connection replaces the oldest. */
const MAX_UNVERIFIED = 1000;

/** The most bytes of a request head that are read from a connection without a token. */
export const MAX_UNVERIFIED_HEAD_BYTES = 16 * 1024;

/**
 * The connections of one server. A connection that has sent the token is a member. Members are neither
 * timed nor closed here, because a client with a pool keeps idle connections for later use.
 */
export class TokenGate {
  readonly #maxMembers: number;
  readonly #members = new Set<Socket>();
  /** The connections without a token, with their timers, oldest first. */
  readonly #unverified = new Map<Socket, NodeJS.Timeout>();

  /** @param maxMembers The most connections with a token. */
  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** Adds a new connection. The limits of this file apply until the connection has sent the token. */
  enter(socket: Socket): void {
    // The HTTP server listens to errors of a socket only for a part of its life. Without this listener, an
    // error before or after that would crash the process.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#forget(socket));
    const timer = setTimeout(() => this.#expire(socket), TOKEN_WITHIN_MS);
    this.#unverified.set(socket, timer.unref());
    const [oldest] = this.#unverified.keys();
    if (this.#unverified.size > MAX_UNVERIFIED) oldest?.destroy();
  }

  /**
   * Makes a connection a member, because it has sent the token.
   *
   * @returns False if there are too many members. Then answer 503 and close the connection.
   */
  admit(socket: Socket): boolean {
    const timer = this.#unverified.get(socket);
    if (timer === undefined) return this.#members.has(socket);
    if (this.#members.size >= this.#maxMembers) return false;
    clearTimeout(timer);
    this.#unverified.delete(socket);
    this.#members.add(socket);
    return true;
  }

  /** Returns whether a connection has sent its token. */
  isMember(socket: Socket): boolean {
    return this.#members.has(socket);
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#unverified.get(socket));
    this.#unverified.delete(socket);
    this.#members.delete(socket);
  }

  /**
   * Closes a connection whose token is late. On a busy machine, the token may have arrived but not been
   * read. `setImmediate` lets Node read all sockets once more before the check.
   */
  #expire(socket: Socket): void {
    setImmediate(() => {
      if (this.#unverified.has(socket)) socket.destroy();
    });
  }
}
