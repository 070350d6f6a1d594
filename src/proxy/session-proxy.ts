/** Listens on a loopback port in front of a session, and guards the session's queries. */

import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Guard } from "../guard/guard.js";
import { SessionState } from "../guard/session-state.js";
import { listenOnLoopback } from "../sockets/loopback.js";
import { TokenGate } from "../sockets/token-gate.js";
import type { RequestTracing } from "../traces/request-tracing.js";
import { tellProtocol } from "./first-bytes.js";
import { Http1Relay, type RelaySetting } from "./http1-relay.js";
import { relayHttp2 } from "./http2/http2-relay.js";
import { GuardedQueries, type SessionCounts } from "./query/guarded-query.js";
import type { SessionAddress } from "./sessions/session-address.js";
import type { QueryRejection, SessionProgress } from "./sessions/session-progress.js";

export type { SessionCounts };

/** The options of a proxy. */
export interface SessionProxyOptions {
  readonly guard: Guard;
  /** The address of the real session. */
  readonly target: SessionAddress;
  /** Traces the requests. Set it only if the CLI of the session sends its spans to this process. */
  readonly tracing?: RequestTracing | undefined;
  /** The working folder of the session's CLI. Default: that of this process. */
  readonly workdir?: string | undefined;
  /** Called for each query that the guard answers instead of the session. */
  readonly onRejected?: ((query: QueryRejection) => void) | undefined;
  /** Records how the queries end. */
  readonly progress?: SessionProgress | undefined;
  /** Called once, when the session is lost. */
  readonly onLost?: (() => void) | undefined;
}

/** A running proxy. */
export interface SessionProxy {
  /** The address for clients: a loopback port, and a token that differs from the session's token. */
  readonly address: SessionAddress;
  /** The current counters. No counter ever decreases. */
  readonly counts: SessionCounts;
  /** Closes all connections. The session itself stays open. */
  close(): Promise<void>;
}

/** The most connections that have sent the token. */
const MAX_CONNECTIONS = 10_000;

/** Starts a proxy. The proxy does not keep the process alive. */
export async function startSessionProxy(options: SessionProxyOptions): Promise<SessionProxy> {
  const token = randomBytes(32).toString("hex");
  const { guard, target, tracing, workdir, onRejected, onLost, progress } = options;
  const state = new SessionState(onLost, workdir);
  const queries = new GuardedQueries(guard, state, target, tracing, onRejected, progress);
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
  const port = await listenOnLoopback(server);
  return {
    address: { port, token },
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
