/** A server on loopback for exporters of telemetry, at a path that contains a token. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LateHttpServer } from "./late-http-server.js";
import { randomToken } from "./random-token.js";
import { isSameSecret } from "./same-secret.js";
import { MAX_UNVERIFIED_HEAD_BYTES, TokenGate } from "./token-gate.js";

/**
 * An idle connection of Go's HTTP client lives for 90 s. The client should end it, not this server.
 */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/** The longest silence of an exporter within a request. Its own timeout is 10 s by default. */
const SILENCE_TIMEOUT_MS = 120_000;

/** The settings of a server. */
export interface SecretPathOptions {
  /** The end of the path, such as `/v1/traces`. */
  readonly path: string;
  /** The most connections with the path at once. */
  readonly maxConnections: number;
}

/** A server on a free port of 127.0.0.1. Neither it nor its connections keep the process alive. */
export class SecretPathServer {
  readonly #path: string;
  readonly #server: LateHttpServer;
  readonly #gate: TokenGate;
  #port = 0;

  /**
   * @param take Receives every request; its response has a listener for errors.
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

  /** @throws The system's error if no port is available. */
  async listen(): Promise<void> {
    this.#port = await this.#server.listen();
  }

  /** Returns whether a request is a POST to the secret path. */
  isMeant({ method, url = "" }: IncomingMessage): boolean {
    return method === "POST" && isSameSecret(url, this.#path);
  }

  /** Makes the connection of such a request a member; returns false if there is no room. */
  admit({ socket }: IncomingMessage): boolean {
    return this.#gate.admit(socket);
  }

  /** Returns whether a request with the path has come over this connection. */
  isMember({ socket }: IncomingMessage): boolean {
    return this.#gate.isMember(socket);
  }

  /** Takes no further connection. */
  close(): void {
    this.#server.close();
  }

  /** Cuts all connections. */
  cut(): void {
    this.#server.cut();
  }
}
