/** Relays HTTP/1.1. Queries go through the guard; everything else is forwarded unchanged. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isAuthorized } from "../sockets/session-token.js";
import { MAX_UNVERIFIED_HEAD_BYTES, type TokenGate } from "../sockets/token-gate.js";
import { ClientConnection } from "./http1/client-connection.js";
import { EarlyBytes } from "./http1/early-bytes.js";
import { passThrough } from "./http1/pass-through.js";
import { MAX_HEAD_BYTES } from "./http1/relay.js";
import { isOfferToPassOver, passUpgrade, withoutOffer } from "./http1/upgrade.js";
import { type GuardedQueries, isQuery } from "./query/guarded-query.js";
import type { SessionAddress } from "./sessions/session-address.js";

/** The settings that all connections of one session share. */
export interface RelaySetting {
  readonly target: SessionAddress;
  /** The token that clients must send. */
  readonly token: string;
  readonly gate: TokenGate;
  readonly queries: GuardedQueries;
}

/** The status code and the text of an answer that rejects a request. */
type Rejection = readonly [status: number, text: string];

/** Serves HTTP/1.1 connections that another server has accepted. */
export class Http1Relay {
  readonly #setting: RelaySetting;
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, ClientConnection>();

  constructor(setting: RelaySetting) {
    this.#setting = setting;
    this.#server = createServer({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    this.#server.maxHeadersCount = 0;
    const take = (request: IncomingMessage, response: ServerResponse) =>
      this.#take(request, response);
    this.#server.on("request", take).on("checkContinue", take).on("checkExpectation", take);
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#takeOffer(request, socket, head),
    );
  }

  /**
   * Serves one connection.
   *
   * @param hasHead Whether the first bytes contain a complete head. The bytes are still unread.
   */
  serve(socket: Socket, hasHead: boolean): void {
    this.#server.emit("connection", socket);
    if (!hasHead) this.#limitFirstHead(socket);
  }

  /**
   * Limits the size of the first request head of a connection, because a client without the token gets
   * little memory.
   */
  #limitFirstHead(socket: Socket): void {
    const limit = () => {
      if (this.#connections.has(socket)) socket.off("data", limit);
      else if (socket.bytesRead > MAX_UNVERIFIED_HEAD_BYTES) {
        socket.off("data", limit).end(headOfRejection(431, "Request Header Fields Too Large"));
        socket.destroySoon();
      }
    };
    socket.on("data", limit);
  }

  #connectionOf(socket: Socket): ClientConnection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = new ClientConnection(socket, this.#setting.target.port);
    this.#connections.set(socket, connection);
    return connection;
  }

  /** Returns the answer that rejects a request, or undefined to accept the request. */
  #rejectionOf(request: IncomingMessage): Rejection | undefined {
    const { token, gate } = this.#setting;
    if (!isAuthorized(request.headers.authorization, token)) return [401, "Unauthorized"];
    return gate.admit(request.socket) ? undefined : [503, "Service Unavailable"];
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { target, queries } = this.#setting;
    const connection = this.#connectionOf(request.socket);
    response.on("error", () => undefined);
    connection.take(response, () => {
      const rejection = this.#rejectionOf(request);
      if (rejection !== undefined) this.#reject(request, response, rejection);
      else if (isQuery(request)) {
        const { headers, httpVersion } = request;
        if (headers.expect !== undefined && httpVersion !== "1.0") response.writeContinue();
        void queries.serve(request, response, connection);
      } else passThrough(request, response, connection, target);
    });
  }

  /**
   * Answers a rejected request. If the connection has never sent the token, closes the connection once the
   * request has been read.
   */
  #reject(request: IncomingMessage, response: ServerResponse, [status]: Rejection): void {
    const isLast = !this.#setting.gate.isMember(request.socket);
    response.writeHead(status, {
      "Content-Length": 0,
      ...(isLast ? { Connection: "close" } : {}),
    });
    if (!isLast || request.complete) response.end();
    else {
      response.flushHeaders();
      request.resume().once("end", () => response.end());
    }
  }

  #takeOffer(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const connection = this.#connectionOf(socket);
    const early = new EarlyBytes(socket, head);
    connection.takeOffer(() => {
      const rejection = isOfferToPassOver(request) ? undefined : this.#rejectionOf(request);
      if (rejection !== undefined) {
        early.take();
        socket.end(headOfRejection(...rejection));
        socket.on("end", () => socket.destroy()).resume();
      } else if (isOfferToPassOver(request)) {
        socket.unshift(Buffer.concat([withoutOffer(request), early.take()]));
        connection.goOn();
        this.#server.emit("connection", socket);
      } else passUpgrade({ request, socket, early }, connection, this.#setting.target);
    });
  }
}

function headOfRejection(status: number, text: string): string {
  return `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
