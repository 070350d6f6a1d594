/** Stands before a session on a loopback port of its own, and guards the queries that pass. */

import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Guard } from "../guard/guard.js";
import { SessionState } from "../guard/session-state.js";
import { BACKLOG } from "../sockets/backlog.js";
import { TokenGate } from "../sockets/token-gate.js";
import type { RequestTracing } from "../traces/request-tracing.js";
import { tellProtocol } from "./first-bytes.js";
import { Http1Relay, type RelaySetting } from "./http1/http1-relay.js";
import { relayHttp2 } from "./http2/http2-relay.js";
import { GuardedQueries, type RefusedQuery, type SessionCounts } from "./query/guarded-query.js";
import type { SessionAddress } from "./sessions/session-address.js";

export type { SessionCounts };

/** What a proxy is started with. */
export interface SessionProxyOptions {
  readonly guard: Guard;
  /** The real session. */
  readonly target: SessionAddress;
  /** Traces the requests, when the CLI of the session sends its spans to us. */
  readonly tracing?: RequestTracing | undefined;
  /** The working folder of the session's CLI; ours when it is not known. */
  readonly workdir?: string | undefined;
  /** Hears of each query that the guard answers in the place of the session. */
  readonly onRefused?: ((query: RefusedQuery) => void) | undefined;
  /** Hears that the session is lost: nothing comes of it any more. */
  readonly onLost?: (() => void) | undefined;
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

/** Connections that have shown the token. */
const MAX_CONNECTIONS = 10_000;

/** Starts a proxy, which does not keep the process alive. */
export async function startSessionProxy(options: SessionProxyOptions): Promise<SessionProxy> {
  const token = randomBytes(32).toString("hex");
  const { guard, target, tracing, workdir, onRefused, onLost } = options;
  const state = new SessionState(onLost, workdir);
  const queries = new GuardedQueries(guard, state, target, tracing, onRefused);
  const gate = new TokenGate(MAX_CONNECTIONS);
  const setting: RelaySetting = { target, token, gate, queries };
  const http1 = new Http1Relay(setting);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    gate.enter(socket.unref());
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    tellProtocol(socket, ({ isHttp2, hasHead }) => {
      if (isHttp2) relayHttp2(socket, setting);
      else http1.serve(socket, hasHead);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", BACKLOG, resolve);
  });
  // Without a listener, a connection that cannot be accepted would end the process.
  server.on("error", () => undefined).unref();
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
