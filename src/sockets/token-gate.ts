/**
 * Bounds the connections that have not sent their token yet: they get little time and little
 * memory, and keep no other connection out. The session proxy, the receiver of traces and the
 * server of shared circuits all use it.
 */

import type { Socket } from "node:net";

/** The time that a connection has to send its token, in milliseconds. */
const TOKEN_WITHIN_MS = 5000;

/** The most connections without a token; a new one replaces the oldest. */
const MAX_UNVERIFIED = 1000;

/** The longest head that is read from a connection without a token. */
export const MAX_UNVERIFIED_HEAD_BYTES = 16 * 1024;

/**
 * The connections of one server. Those with the token are members. They are neither timed nor cut
 * here, because clients with a pool open connections early for later use.
 */
export class TokenGate {
  readonly #maxMembers: number;
  readonly #members = new Set<Socket>();
  /** With their timers, the oldest first. */
  readonly #unverified = new Map<Socket, NodeJS.Timeout>();

  /** @param maxMembers The most connections with a token at once. */
  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** Adds a new connection, within the limits for one without a token. */
  enter(socket: Socket): void {
    // A socket may fail before an HTTP server listens to its errors, and after that has stopped.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#forget(socket));
    const timer = setTimeout(() => this.#expire(socket), TOKEN_WITHIN_MS);
    this.#unverified.set(socket, timer.unref());
    const [oldest] = this.#unverified.keys();
    if (this.#unverified.size > MAX_UNVERIFIED) oldest?.destroy();
  }

  /**
   * Makes a connection that has sent its token a member.
   *
   * @returns False if there is no room: answer it 503 and close it.
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
   * Cuts a connection that is late. On a busy machine its head may have arrived in time but be
   * unread. Sockets are read once more before the callback of `setImmediate` runs.
   */
  #expire(socket: Socket): void {
    setImmediate(() => {
      if (this.#unverified.has(socket)) socket.destroy();
    });
  }
}
