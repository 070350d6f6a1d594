/** A server on loopback for exporters of telemetry. Its path contains a random token. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LateHttpServer } from "./late-http-server.js";
import { randomToken } from "./random-token.js";
import { isSameSecret } from "./same-secret.js";
import { MAX_UNVERIFIED_HEAD_BYTES, TokenGate } from "./token-gate.js";

/**
 * How long an idle connection stays open. Go's HTTP client closes an idle connection after 90 s. The longer
 * time here lets the client close first.
 */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/** The longest time without a byte within a request. An exporter's own timeout is 10 s by default. */
const SILENCE_TIMEOUT_MS = 120_000;

/** The settings of a server. */
export interface SecretPathOptions {
  /** The end of the path, such as `/v1/traces`. The server puts a random token before it. */
  readonly path: string;
  /** The most open connections that have used the secret path. */
  readonly maxConnections: number;
}

/** A server on a free port of 127.0.0.1. The server and its connections do not keep the process alive. */
export class SecretPathServer {
  readonly #path: string;
  readonly #server: LateHttpServer;
  readonly #gate: TokenGate;
  #port = 0;

  /**
   * @param take Receives every request. Its response already has a listener for errors.
   * @param connected Called with each connection, before anything is read from it.
   */
  constructor(
    { path, maxConnections }: SecretPathOptions,
    take: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
    connected: (socket: Socket) => void = () => undefined,
  ) {
    this.#path = `/${randomToken()}${path}`;
    this.#gate = new TokenGate(maxConnections);
    const options = {
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      maxHeaderSize: MAX_UNVERIFIED_HEAD_BYTES,
    };
    this.#server = new LateHttpServer(options, {
      connected: (socket) => {
        this.#gate.enter(socket);
        connected(socket);
      },
      requested: (request, response) => {
        response.on("error", () => undefined);
        void take(request, response);
      },
    });
  }

  /** The URL to post to. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}${this.#path}`;
  }

  /**
   * Starts to listen on a free port.
   *
   * @throws The system's error if no port is available.
   */
  async listen(): Promise<void> {
    this.#port = await this.#server.listen();
  }

  /** Returns whether a request is a POST to the secret path. */
  isMeant({ method, url = "" }: IncomingMessage): boolean {
    return method === "POST" && isSameSecret(url, this.#path);
  }

  /**
   * Makes a connection a member, because it has sent a request to the secret path. Returns false if there
   * are too many members.
   */
  admit({ socket }: IncomingMessage): boolean {
    return this.#gate.admit(socket);
  }

  /** Returns whether the connection has sent a request to the secret path before. */
  isMember({ socket }: IncomingMessage): boolean {
    return this.#gate.isMember(socket);
  }

  /** Stops accepting connections. */
  close(): void {
    this.#server.close();
  }

  /** Destroys all connections. */
  cut(): void {
    this.#server.cut();
  }
}
