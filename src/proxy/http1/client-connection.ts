/**
 * One HTTP/1.1 connection of a client, its connection to the session, and the order of its
 * requests.
 */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.js";
import { SessionAgent } from "../sessions/session-agent.js";

/** The bound on pipelined requests of a client. */
const MAX_WAITING = 1000;

/** A queued entry: a request with its answer, or an offer to upgrade, which has none yet. */
interface Waiting {
  readonly response?: ServerResponse;
  readonly serve: () => void;
}

/**
 * Serves the requests of one connection in order, as a session does. In parallel, answers would
 * have to be held until the earlier ones are done.
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

  /** Resets the connection; resolves when the client has gone. */
  async reset(): Promise<void> {
    resetSocket(this.#socket);
    if (!this.gone.aborted) await once(this.gone, "abort");
  }

  /** Serves a request after the earlier ones have been answered. */
  take(response: ServerResponse, serve: () => void): void {
    response.once("close", () => this.#next());
    this.#take({ response, serve });
  }

  /**
   * Serves an offer to upgrade after the earlier requests have been answered. By then Node has
   * handed over the connection, and no longer emits `drain` for an answer in progress.
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

  /** Continues with requests after the offer was ignored. */
  goOn(): void {
    this.#serving = undefined;
  }

  #take(one: Waiting): void {
    if (this.#socket.writableEnded || this.#waiting.length >= MAX_WAITING) this.#socket.destroy();
    else if (this.#serving !== undefined) this.#waiting.push(one);
    else this.#serve(one);
  }

  #next(): void {
    // After a final answer nothing can be answered, so nothing is sent to the session.
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    const next = this.#waiting.shift();
    this.#serving = undefined;
    if (next === undefined) this.#endIfStale();
    else this.#serve(next);
  }

  /** Node reads heads that it refuses to write. A request with such a head is dropped. */
  #serve(one: Waiting): void {
    this.#serving = one;
    try {
      one.serve();
    } catch {
      this.#socket.destroy();
    }
  }

  /** If the session has ended an idle connection, the client's is ended too. */
  #endIfStale(): void {
    if (this.#serving === undefined && this.agent.isGone) this.#socket.end();
  }
}
