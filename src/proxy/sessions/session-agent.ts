/** The one connection to the session that belongs to one connection of a client. */

import { Agent, type ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Opens a connection to the session, which does not keep the process alive. Its errors end nothing
 * else.
 */
export function connectTo(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  return socket.on("error", () => undefined).unref();
}

/**
 * Keeps at most one connection. It is kept, closed and ended exactly as the client's direct
 * connection to the session would be.
 */
export class SessionAgent extends Agent {
  readonly #port: number;
  readonly #onGone: () => void;
  #current: Socket | undefined;
  #isGone = false;

  /** @param onGone Called when the session ends a connection that this side did not end. */
  constructor(port: number, onGone: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#port = port;
    this.#onGone = onGone;
  }

  /** Whether the session has ended the last connection, and none was opened since. */
  get isGone(): boolean {
    return this.#isGone;
  }

  override createConnection(): Socket {
    const socket = connectTo(this.#port);
    this.#current = socket;
    this.#isGone = false;
    const gone = () => {
      if (this.#current !== socket) return;
      this.#current = undefined;
      this.#isGone = true;
      socket.end();
      this.#onGone();
    };
    return socket.once("end", gone).once("close", gone);
  }

  /** There is only one destination; Node would build a name three times per request. */
  override getName(): string {
    return "session";
  }

  /** Node's agent keeps the process alive by a connection in use; this one does not. */
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).unref();
  }

  /**
   * Forgets the connection: it is ours to end, or no longer serves requests, so its end means
   * nothing.
   */
  forget(): void {
    this.#current = undefined;
  }

  override destroy(): void {
    this.forget();
    super.destroy();
  }
}
