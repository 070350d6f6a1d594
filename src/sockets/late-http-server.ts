/**
 * Serves HTTP on loopback. Loads Node's HTTP modules at the first connection, because most commands receive
 * no connections.
 */

import type {
  Server as HttpServer,
  IncomingMessage,
  ServerOptions,
  ServerResponse,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { listenOnLoopback } from "./loopback.js";

/** The handlers for connections and their requests. */
export interface LateHttpHandlers {
  /** Called for each connection, before anything is read from it. */
  connected(socket: Socket): void;
  requested(request: IncomingMessage, response: ServerResponse): void;
}

/** The settings of the connections. */
export interface LateHttpOptions extends Pick<ServerOptions, "keepAliveTimeout" | "maxHeaderSize"> {
  /**
   * The longest time in milliseconds without a byte during a request. After that time, the connection is
   * closed.
   */
  readonly silenceTimeoutMs: number;
}

/**
 * An HTTP server on a free port of 127.0.0.1. The server and its connections do not keep the process alive.
 */
export class LateHttpServer {
  readonly #options: LateHttpOptions;
  readonly #handlers: LateHttpHandlers;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #http: HttpServer | undefined;

  constructor(options: LateHttpOptions, handlers: LateHttpHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket.unref());
      socket.once("close", () => this.#sockets.delete(socket));
      handlers.connected(socket);
      this.#http ??= this.#load();
      this.#http.emit("connection", socket);
    });
  }

  /**
   * Starts to listen.
   *
   * @returns The port number.
   * @throws The system's error if no port is available.
   */
  listen(): Promise<number> {
    return listenOnLoopback(this.#server);
  }

  /** Stops accepting connections. */
  close(): void {
    this.#server.close();
  }

  /** Destroys all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #load(): HttpServer {
    const { silenceTimeoutMs, ...options } = this.#options;
    const http = process.getBuiltinModule("node:http").createServer(options);
    // Use the timeout of sockets, because Node checks its timeout for whole requests only on a server that
    // listens. This HTTP server never listens itself.
    http.setTimeout(silenceTimeoutMs);
    return http.on("request", (request, response) => this.#handlers.requested(request, response));
  }
}
