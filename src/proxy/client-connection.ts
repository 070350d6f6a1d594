/** One HTTP/1.1 connection of a client, its connection to the session, and whose turn it is on them. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { SessionAgent } from "./session-agent.js";

/** How many requests a client may send ahead of their answers. */
const MAX_WAITING = 1000;

/**
 * Serves the requests of one connection one after the other, as a session does: an answer that waits
 * for an earlier one would have to be held meanwhile.
 */
export class ClientConnection {
  readonly agent: SessionAgent;
  readonly #socket: Socket;
  readonly #gone = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #serving = false;

  constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.agent = new SessionAgent(port, () => this.#endIfStale());
    socket.once("close", () => {
      this.#waiting.length = 0;
      this.#gone.abort(new Error("the client has gone"));
      this.agent.destroy();
    });
  }

  /** Aborted when the client has left. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resets the connection; resolves when the client is gone by that. */
  async reset(): Promise<void> {
    this.#socket.resetAndDestroy();
    if (!this.gone.aborted) await once(this.gone, "abort");
  }

  /** Serves a request when those before it have been answered. */
  take(response: ServerResponse, serve: () => void): void {
    if (this.#socket.writableEnded || this.#waiting.length >= MAX_WAITING) {
      this.#socket.destroy();
      return;
    }
    response.once("close", () => this.#next());
    if (this.#serving) this.#waiting.push(serve);
    else {
      this.#serving = true;
      this.#serve(serve);
    }
  }

  #next(): void {
    if (this.#socket.destroyed) return;
    const serve = this.#waiting.shift();
    this.#serving = serve !== undefined;
    if (serve === undefined) this.#endIfStale();
    else this.#serve(serve);
  }

  /** Node reads heads that it refuses to write; who sends such a one is not listened to. */
  #serve(serve: () => void): void {
    try {
      serve();
    } catch {
      this.#socket.destroy();
    }
  }

  /** An idle connection that the session has ended is ended for the client as well. */
  #endIfStale(): void {
    if (!this.#serving && this.agent.isGone) this.#socket.end();
  }
}
