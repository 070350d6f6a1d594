/** One HTTP/1.1 connection of a client, its connection to the session, and whose turn it is on them. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.js";
import { SessionAgent } from "../sessions/session-agent.js";

/** How many requests a client may send ahead of their answers. */
const MAX_WAITING = 1000;

/** What waits for its turn: a request with its answer, or an offer to upgrade, which has none yet. */
interface Waiting {
  readonly response?: ServerResponse;
  readonly serve: () => void;
}

/**
 * Serves the requests of one connection one after the other, as a session does: an answer that waits
 * for an earlier one would have to be held meanwhile.
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

  /** Aborted when the client has left. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resets the connection; resolves when the client is gone by that. */
  async reset(): Promise<void> {
    resetSocket(this.#socket);
    if (!this.gone.aborted) await once(this.gone, "abort");
  }

  /** Serves a request when those before it have been answered. */
  take(response: ServerResponse, serve: () => void): void {
    response.once("close", () => this.#next());
    this.#take({ response, serve });
  }

  /**
   * Serves an offer to upgrade when the requests before it have been answered. Node has left the
   * connection to us by then, and no longer tells an answer on its way that there is room for more.
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

  /** The offer was passed over: the connection goes on with requests. */
  goOn(): void {
    this.#serving = undefined;
  }

  #take(one: Waiting): void {
    if (this.#socket.writableEnded || this.#waiting.length >= MAX_WAITING) this.#socket.destroy();
    else if (this.#serving !== undefined) this.#waiting.push(one);
    else this.#serve(one);
  }

  #next(): void {
    // Behind an answer that was the last one, nothing can be answered, so nothing is sent on.
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    const next = this.#waiting.shift();
    this.#serving = undefined;
    if (next === undefined) this.#endIfStale();
    else this.#serve(next);
  }

  /** Node reads heads that it refuses to write; who sends such a one is not listened to. */
  #serve(one: Waiting): void {
    this.#serving = one;
    try {
      one.serve();
    } catch {
      this.#socket.destroy();
    }
  }

  /** An idle connection that the session has ended is ended for the client as well. */
  #endIfStale(): void {
    if (this.#serving === undefined && this.agent.isGone) this.#socket.end();
  }
}
