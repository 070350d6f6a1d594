/** The connection to the session that belongs to one connection of a client. */

import { Agent, type ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Opens a connection to the session. It does not keep the process alive, and its errors affect nothing else. */
export function connectTo(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  return socket.on("error", () => undefined).unref();
}

/**
 * An agent with at most one connection. It is kept and closed just as the client's own connection to the
 * session would be.
 */
export class SessionAgent extends Agent {
  readonly #port: number;
  readonly #onGone: () => void;
  #current: Socket | undefined;
  #isGone = false;

  /** @param onGone Called when the session closes a connection that this side did not close. */
  constructor(port: number, onGone: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#port = port;
    this.#onGone = onGone;
  }

  /** Whether the session has closed the last connection and no new one was opened. */
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

  /** Returns a fixed name. There is only one destination, and Node would build a name three times per request. */
  override getName(): string {
    return "session";
  }

  /** Does not keep the process alive, unlike Node's own agent with a connection in use. */
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).unref();
  }

  /**
   * Forgets the connection, because we close it, or it no longer serves requests. Its end then does not
   * count as the session's.
   */
  forget(): void {
    this.#current = undefined;
  }

  override destroy(): void {
    this.forget();
    super.destroy();
  }
}
