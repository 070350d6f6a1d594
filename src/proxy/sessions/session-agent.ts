/** Manages the connection to the session that belongs to one connection of a client. */

import { Agent, type ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Opens a connection to the session. The connection does not keep the process alive, and its errors cannot
 * crash the process.
 */
export function connectTo(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  return socket.on("error", () => undefined).unref();
}

/**
 * An agent with at most one connection to the session. The agent keeps and closes this connection exactly
 * as the client would without a proxy.
 */
export class SessionAgent extends Agent {
  readonly #port: number;
  readonly #onGone: () => void;
  #current: Socket | undefined;
  #isGone = false;

  /** @param onGone Called when the session closes a connection that this side has not closed. */
  constructor(port: number, onGone: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#port = port;
    this.#onGone = onGone;
  }

  /** Whether the session has closed its connection, and no new connection has been opened since. */
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

  /**
   * Returns a fixed name, because there is only one destination. Otherwise, Node would build a name three
   * times per request.
   */
  override getName(): string {
    return "session";
  }

  /**
   * Reuses a connection without keeping the process alive. Node's own agent would keep the process alive
   * while the connection is in use.
   */
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).unref();
  }

  /**
   * Forgets the current connection. Call it when this side closes the connection, or when the connection no
   * longer serves requests. After that, `onGone` is not called when the connection ends.
   */
  forget(): void {
    this.#current = undefined;
  }

  override destroy(): void {
    this.forget();
    super.destroy();
  }
}
