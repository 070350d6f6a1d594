/**
 * Relays HTTP/2, which the dagger CLI speaks to a session without asking first: connection by
 * connection and stream by stream, with the token as the only change.
 */

import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type Http2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
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
  server.on("connection", (socket: Socket) => endWithOther(socket));
  server.on("session", (client) => relaySession(client, target, ownToken));
  return server;
}

/** HTTP/2 knows no connection that is open on one side only, and Node would never end such a one. */
function endWithOther(socket: Socket): Socket {
  socket.allowHalfOpen = false;
  return socket;
}

function relaySession(client: ServerHttp2Session, target: SessionAddress, ownToken: string): void {
  const session = connect(`http://127.0.0.1:${target.port}`, {
    createConnection: () => endWithOther(connectTo(target.port)),
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
    if (!isAuthorized(headers.authorization, ownToken)) {
      stream.on("error", () => undefined).respond({ ":status": 401 }, { endStream: true });
    } else if (session.closed || session.destroyed) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else relayStream(stream, { ...headers, authorization }, session);
  });
}

function relayStream(
  from: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: ClientHttp2Session,
): void {
  const hasBody = !from.endAfterHeaders;
  const to = session.request(headers, { endStream: !hasBody, waitForTrailers: hasBody });
  to.on("headers", (information) => {
    if (!from.destroyed) from.additionalHeaders(information);
  });
  to.on("response", (answer) => {
    if (from.destroyed) return;
    from.respond(answer, { waitForTrailers: true });
    relayHalf(to, from);
  });
  if (hasBody) relayHalf(from, to);
  joinEnds(from, to);
  joinEnds(to, from);
}

/** Passes the body and the trailers of one side on; a cut body ends in Node like a whole one. */
function relayHalf(from: Http2Stream, to: Http2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  from.once("trailers", (given) => {
    trailers = given;
  });
  to.once("wantTrailers", () => to.sendTrailers(trailers));
  from.once("end", () => {
    if (from.rstCode === NGHTTP2_NO_ERROR) to.end();
  });
  from.pipe(to, { end: false });
}

/** A stream that is reset, or over before it has ended, is so on the other side. */
function joinEnds(from: Http2Stream, to: Http2Stream): void {
  from.on("error", () => undefined);
  from.once("close", () => {
    if (to.destroyed) return;
    if (from.rstCode !== NGHTTP2_NO_ERROR) to.close(from.rstCode);
    else if (!from.readableEnded) to.close(NGHTTP2_CANCEL);
  });
}
