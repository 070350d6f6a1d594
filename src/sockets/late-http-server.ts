/** Serves HTTP on loopback, and loads what that takes with the first connection: most commands open none. */

import type {
  Server as HttpServer,
  IncomingMessage,
  ServerOptions,
  ServerResponse,
} from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { BACKLOG } from "./backlog.js";

/** What a server does with its connections and their requests. */
export interface LateHttpHandlers {
  /** Called before anything is read. */
  connected(socket: Socket): void;
  requested(request: IncomingMessage, response: ServerResponse): void;
}

/** How its connections are served. */
export interface LateHttpOptions extends Pick<ServerOptions, "keepAliveTimeout" | "maxHeaderSize"> {
  /** When a connection is cut that is silent within a request, in milliseconds. */
  readonly silenceTimeoutMs: number;
}

/** A server on a free port of 127.0.0.1. Neither it nor its connections keep the process alive. */
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
   * Listens.
   *
   * @returns The port.
   * @throws The system's error when no port can be had.
   */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      const place = { host: "127.0.0.1", port: 0, exclusive: true, backlog: BACKLOG };
      this.#server.listen(place, resolve);
    });
    // Without a listener, a connection that cannot be accepted would end the process.
    this.#server.on("error", () => undefined).unref();
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no further connection. */
  close(): void {
    this.#server.close();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #load(): HttpServer {
    const { silenceTimeoutMs, ...options } = this.#options;
    const http = process.getBuiltinModule("node:http").createServer(options);
    // A server that does not listen itself keeps no other of its times.
    http.setTimeout(silenceTimeoutMs);
    return http.on("request", (request, response) => this.#handlers.requested(request, response));
  }
}
