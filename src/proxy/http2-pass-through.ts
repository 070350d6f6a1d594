/**
 * Relays HTTP/2, which the dagger CLI speaks to a session without asking first: connection by
 * connection and stream by stream, with the token as the only change.
 */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { SessionAddress } from "./session-address.js";
import { connectTo } from "./session-agent.js";
import { authorizationFor, isAuthorized } from "./session-token.js";

/** What a client of HTTP/2 sends first. */
export const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Node counts what a connection holds in megabytes; many streams of a CLI come at once. */
const MAX_SESSION_MEMORY_MB = 256;
const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL } = constants;

/** A server that is given its connections; it does not listen itself. */
export function createHttp2Relay(target: SessionAddress, ownToken: string): Http2Server {
  const server = createServer({ maxSessionMemory: MAX_SESSION_MEMORY_MB });
  server.on("sessionError", () => undefined);
  server.on("session", (client) => relaySession(client, target, ownToken));
  return server;
}

function relaySession(client: ServerHttp2Session, target: SessionAddress, ownToken: string): void {
  const session = connect(`http://127.0.0.1:${target.port}`, {
    createConnection: () => connectTo(target.port),
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
  });
  session.on("error", () => client.destroy());
  session.on("remoteSettings", ({ maxConcurrentStreams }) => {
    if (maxConcurrentStreams !== undefined && !client.destroyed) {
      client.settings({ maxConcurrentStreams });
    }
  });
  session.on("goaway", (code) => {
    if (code !== NGHTTP2_NO_ERROR && !client.destroyed) client.goaway(code);
  });
  session.on("close", () => client.close());
  client.on("error", () => undefined);
  client.on("close", () => session.destroy());
  const authorization = authorizationFor(target.token);
  client.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    if (!isAuthorized(headers.authorization, ownToken)) {
      stream.respond({ ":status": 401 }, { endStream: true });
    } else if (session.closed || session.destroyed) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else relayStream(stream, { ...headers, authorization }, session);
  });
}

function relayStream(
  from: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: ClientHttp2Session,
): void {
  const to = session.request(headers, {
    endStream: from.readableEnded || from.endAfterHeaders,
    waitForTrailers: true,
  });
  let requestTrailers: IncomingHttpHeaders = {};
  from.on("trailers", (trailers) => {
    requestTrailers = trailers;
  });
  to.on("wantTrailers", () => to.sendTrailers(requestTrailers));
  relayResponse(to, from);
  from.on("aborted", () => to.close(from.rstCode || NGHTTP2_CANCEL));
  from.on("close", () => to.close(from.rstCode));
  if (!from.endAfterHeaders) from.pipe(to);
}

function relayResponse(from: ClientHttp2Stream, to: ServerHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  from.on("headers", (headers) => {
    if (!to.destroyed) to.additionalHeaders(headers);
  });
  from.on("response", (headers) => {
    if (to.destroyed) return;
    to.respond(headers, { waitForTrailers: true });
    from.pipe(to);
  });
  from.on("trailers", (given) => {
    trailers = given;
  });
  to.on("wantTrailers", () => to.sendTrailers(trailers));
  from.on("error", () => undefined);
  from.on("close", () => {
    if (from.rstCode !== NGHTTP2_NO_ERROR && !to.destroyed) to.close(from.rstCode);
  });
}
