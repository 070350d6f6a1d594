/** Serves the requests of one HTTP/1.1 client connection in order, over one connection to the session. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.js";
import { SessionAgent } from "../sessions/session-agent.js";

/** The most requests that a client may send before the first of them is answered. */
const MAX_WAITING = 1000;

/** A queued request with its response, or a queued offer to upgrade. An offer has no response. */
interface Waiting {
  readonly response?: ServerResponse;
  readonly serve: () => void;
}

/**
 * Serves the requests of one connection one after another, as a session does. If requests were served in
 * parallel, later answers would stay in memory until the earlier answers are sent.
 */
export class ClientConnection {
  readonly agent: SessionAgent;
  readonly #socket: Socket;
  readonly #gone = new AbortController();
  readonly #waiting: Waiting[] = [];
  #serving: Waiting | undefined;

  constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.agent = new SessionAgent(port, () => this.#endIfStale());
    socket.once("close", () => {
      this.#waiting.length = 0;
      this.#gone.abort(new Error("the client has gone"));
      this.agent.destroy();
    });
  }

  /** Aborted when the client has closed the connection. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resets the client's connection. Resolves when the connection is closed. */
  async reset(): Promise<void> {
    resetSocket(this.#socket);
    if (!this.gone.aborted) await once(this.gone, "abort");
  }

  /** Serves a request once all earlier requests have been answered. */
  take(response: ServerResponse, serve: () => void): void {
    response.once("close", () => this.#next());
    this.#take({ response, serve });
  }

  /**
   * Serves an offer to upgrade once all earlier requests have been answered. Until then, this method
   * forwards `drain` events to the current response. Node no longer emits them there, because it has
   * already handed over the connection.
   */
  takeOffer(serve: () => void): void {
    const tell = () => void this.#serving?.response?.emit("drain");
    this.#socket.on("drain", tell);
    this.#take({
      serve: () => {
        this.#socket.off("drain", tell);
        serve();
      },
    });
  }

  /** Continues with the next request after an offer to upgrade was ignored. */
  goOn(): void {
    this.#serving = undefined;
  }

  #take(one: Waiting): void {
    if (this.#socket.writableEnded || this.#waiting.length >= MAX_WAITING) this.#socket.destroy();
    else if (this.#serving !== undefined) this.#waiting.push(one);
    else this.#serve(one);
  }

  #next(): void {
    // The connection is closing, so no further answer can be sent. Do not send further requests to the
    // session either.
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    const next = this.#waiting.shift();
    this.#serving = undefined;
    if (next === undefined) this.#endIfStale();
    else this.#serve(next);
  }

  /**
   * Serves a queued request. Closes the connection if Node throws, because Node can read some heads that it
   * refuses to write.
   */
  #serve(one: Waiting): void {
    this.#serving = one;
    try {
      one.serve();
    } catch {
      this.#socket.destroy();
    }
  }

  /** Closes an idle client connection if the session has closed the connection behind it. */
  #endIfStale(): void {
    if (this.#serving === undefined && this.agent.isGone) this.#socket.end();
  }
}
