/** Stands before a session on a loopback port of its own, and guards the queries that pass. */

import { randomBytes } from "node:crypto";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Guard } from "../guard/guard.js";
import { SessionState } from "../guard/session-state.js";
import type { RequestTracing } from "../traces/request-tracing.js";
import { ClientConnection } from "./client-connection.js";
import { GuardedQueries, isQuery, type RefusedQuery, type SessionCounts } from "./guarded-query.js";
import { createHttp2Relay, HTTP2_PREFACE } from "./http2-pass-through.js";
import { passThrough } from "./pass-through.js";
import { MAX_HEAD_BYTES } from "./relay.js";
import type { SessionAddress } from "./session-address.js";
import { isAuthorized } from "./session-token.js";
import { isOfferToPassOver, passUpgrade, withoutOffer } from "./upgrade.js";

export type { SessionCounts };

/** What a proxy is started with. */
export interface SessionProxyOptions {
  readonly guard: Guard;
  /** The real session. */
  readonly target: SessionAddress;
  /** Traces the requests, when the CLI of the session sends its spans to us. */
  readonly tracing?: RequestTracing | undefined;
  /** Hears of each query that the guard answers in the place of the session. */
  readonly onRefused?: ((query: RefusedQuery) => void) | undefined;
}

/** A running proxy. */
export interface SessionProxy {
  /** Where clients find it: a loopback port and a token of its own. */
  readonly address: SessionAddress;
  /** What it has done so far: live, and never going back. */
  readonly counts: SessionCounts;
  /** Ends every connection. The session itself is its owner's. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 10_000;

/** Starts a proxy, which does not keep the process alive. */
export async function startSessionProxy(options: SessionProxyOptions): Promise<SessionProxy> {
  const token = randomBytes(32).toString("hex");
  const state = new SessionState();
  const { guard, target, tracing, onRefused } = options;
  const queries = new GuardedQueries(guard, state, target, tracing, onRefused);
  const http1 = createHttp1Server(options.target, token, queries);
  const http2 = createHttp2Relay(options.target, token);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket.unref());
    socket.once("close", () => sockets.delete(socket));
    tellProtocol(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit("connection", socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  return {
    address: { port: (server.address() as AddressInfo).port, token },
    counts: queries.counts,
    async close() {
      state.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await state.answered();
    },
  };
}

/** Tells HTTP/2 by the first bytes of a connection, which stay to be read. */
function tellProtocol(socket: Socket, tell: (isHttp2: boolean) => void): void {
  let begun = Buffer.alloc(0);
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    begun = Buffer.concat([begun, chunk]);
    const length = Math.min(begun.length, HTTP2_PREFACE.length);
    const isLike = begun.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (isLike && length < HTTP2_PREFACE.length) return;
    socket.off("readable", look).off("end", leave).off("error", leave);
    socket.unshift(begun);
    tell(isLike);
  };
  const leave = () => socket.destroy();
  socket.on("readable", look).on("end", leave).on("error", leave);
}

function createHttp1Server(target: SessionAddress, token: string, queries: GuardedQueries) {
  const connections = new WeakMap<Socket, ClientConnection>();
  const connectionOf = (socket: Socket): ClientConnection => {
    const known = connections.get(socket) ?? new ClientConnection(socket, target.port);
    connections.set(socket, known);
    return known;
  };
  const server = createHttpServer({
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
  });
  server.maxHeadersCount = 0;
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connectionOf(request.socket);
    response.on("error", () => undefined);
    connection.take(response, () => {
      if (!isAuthorized(request.headers.authorization, token)) {
        response.writeHead(401, { "Content-Length": 0 }).end();
      } else if (isQuery(request)) {
        if (request.headers.expect !== undefined) response.writeContinue();
        void queries.serve(request, response, connection);
      } else passThrough(request, response, connection, target);
    });
  };
  server.on("request", take).on("checkContinue", take).on("checkExpectation", take);
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (isOfferToPassOver(request)) {
      socket.unshift(Buffer.concat([withoutOffer(request), head]));
      server.emit("connection", socket);
    } else if (isAuthorized(request.headers.authorization, token)) {
      passUpgrade(request, socket, head, connectionOf(socket), target);
    } else {
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
  });
  return server;
}
