/**
 * Forwards HTTP/2, which the dagger CLI uses without negotiation. Each connection and each stream is
 * forwarded separately, and only the token is replaced. A failure ends only its own stream. Data from
 * either side must never make an event handler throw, because that would end the process.
 */

import type {
  ClientHttp2Session,
  Http2Stream,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { authorizationFor, isAuthorized } from "../../sockets/session-token.js";
import { MAX_UNVERIFIED_HEAD_BYTES } from "../../sockets/token-gate.js";
import type { RelaySetting } from "../http1-relay.js";
import { connectTo } from "../sessions/session-agent.js";
import { destroyBoth, destroyWhenDead, GracefulEnd } from "./http2-watch.js";

/**
 * The memory limit of a connection, in megabytes, the unit that Node expects. The limit is high, because a
 * CLI opens many streams at once.
 */
const MAX_SESSION_MEMORY_MB = 256;
/** The longest head of a stream on a connection with the token, in bytes. The value is Node's default. */
const MAX_HEAD_BYTES = 65_535;
/**
 * Error codes of RFC 9113. They are repeated here, because reading them from node:http2 would load that
 * module at the start.
 */
const NGHTTP2_NO_ERROR = 0;
const NGHTTP2_PROTOCOL_ERROR = 1;
const NGHTTP2_REFUSED_STREAM = 7;
const NGHTTP2_CANCEL = 8;

/**
 * Loads Node's HTTP/2 module at the first connection, because loading takes as long as the rest of the
 * start.
 */
const http2 = () => process.getBuiltinModule("node:http2");

export function relayHttp2(socket: Socket, setting: RelaySetting): void {
  const client = http2().performServerHandshake(endWithOther(socket), {
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
    settings: { maxHeaderListSize: MAX_UNVERIFIED_HEAD_BYTES },
  });
  client.on("error", () => undefined);
  destroyWhenDead(client, socket);
  const relay = new Http2Relay(client, socket, setting);
  client.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    attempt(() => relay.take(stream, headers), stream);
  });
}

/**
 * Makes a socket close when the other side ends it. HTTP/2 has no half-open connections, and Node would
 * keep such a connection forever.
 */
function endWithOther(socket: Socket): Socket {
  socket.allowHalfOpen = false;
  return socket;
}

/**
 * One HTTP/2 connection of a client, with its connection to the session. The connection to the session
 * opens after the client has sent the token.
 */
class Http2Relay {
  readonly #client: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #setting: RelaySetting;
  readonly #end: GracefulEnd;
  #session: ClientHttp2Session | undefined;

  constructor(client: ServerHttp2Session, socket: Socket, setting: RelaySetting) {
    this.#client = client;
    this.#end = new GracefulEnd(client, socket);
    this.#socket = socket;
    this.#setting = setting;
  }

  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { token, gate, target } = this.#setting;
    this.#end.add(stream);
    if (this.#end.isEnding) stream.close(NGHTTP2_REFUSED_STREAM);
    else if (!isAuthorized(headers.authorization, token)) {
      stream.respond({ ":status": 401 }, { endStream: true });
    } else if (!gate.admit(this.#socket)) {
      stream.respond({ ":status": 503 }, { endStream: true });
    } else {
      this.#session ??= this.#open();
      if (this.#session.closed || this.#session.destroyed) stream.close(NGHTTP2_REFUSED_STREAM);
      else {
        const authorization = authorizationFor(target.token);
        relayStream(stream, { ...headers, authorization }, this.#session);
      }
    }
  }

  /** Connects to the session. If the session ends or changes its settings, the client is informed. */
  #open(): ClientHttp2Session {
    const client = this.#client;
    const { port } = this.#setting.target;
    const socket = endWithOther(connectTo(port));
    const session = http2().connect(`http://127.0.0.1:${port}`, {
      createConnection: () => socket,
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
      settings: { enablePush: false },
    });
    destroyWhenDead(session, socket);
    this.#socket.once("close", () => destroyBoth(session, socket));
    client.settings({ maxHeaderListSize: MAX_HEAD_BYTES });
    session.on("error", () => destroyBoth(client, this.#socket));
    session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      if (maxConcurrentStreams === undefined || client.destroyed) return;
      attempt(() => client.settings({ maxConcurrentStreams }));
    });
    session.on("goaway", (code) => {
      if (client.destroyed) return;
      // Pass on a GOAWAY at once, so that the client opens no more streams on this connection. Current
      // streams finish.
      if (code === NGHTTP2_NO_ERROR) this.#end.begin();
      else client.goaway(code);
    });
    session.once("close", () => this.#end.begin());
    return session;
  }
}

/** Runs an operation in which Node throws for invalid data. If it throws, closes only these streams. */
function attempt(what: () => void, ...streams: readonly Http2Stream[]): void {
  try {
    what();
  } catch {
    for (const stream of streams) {
      if (!stream.destroyed) stream.close(NGHTTP2_PROTOCOL_ERROR);
    }
  }
}

function relayStream(
  from: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: ClientHttp2Session,
): void {
  const hasBody = !from.endAfterHeaders;
  const to = session.request(headers, { endStream: !hasBody, waitForTrailers: hasBody });
  to.on("error", () => undefined);
  to.on("headers", (information) => {
    attempt(() => from.additionalHeaders(information), from, to);
  });
  to.on("response", (answer) => {
    attempt(
      () => {
        from.respond(answer, { waitForTrailers: true });
        relayHalf(to, from);
      },
      from,
      to,
    );
  });
  if (hasBody) relayHalf(from, to);
  to.once("close", () => {
    // After a reset without an error code, Node would end this stream as if it were complete. Without a
    // head it is not complete, so reset it.
    if (!from.headersSent && !from.destroyed) from.close(to.rstCode || NGHTTP2_CANCEL);
  });
  joinEnds(from, to);
  joinEnds(to, from);
}

/**
 * Forwards the body and the trailers of a stream. Node emits `end` even if the body was cut short, so the
 * reset code is checked.
 */
function relayHalf(from: Http2Stream, to: Http2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  from.once("trailers", (given) => {
    trailers = given;
  });
  to.once("wantTrailers", () => attempt(() => to.sendTrailers(trailers), from, to));
  from.once("end", () => {
    if (from.rstCode === NGHTTP2_NO_ERROR) to.end();
  });
  from.pipe(to, { end: false });
}

/** Passes a reset or an early end of one stream to the other. */
function joinEnds(from: Http2Stream, to: Http2Stream): void {
  from.once("close", () => {
    if (to.destroyed) return;
    if (from.rstCode !== NGHTTP2_NO_ERROR) to.close(from.rstCode);
    else if (!from.readableEnded) to.close(NGHTTP2_CANCEL);
    // The stream `from` has ended normally. Discard the unread data of `to`, so that `to` can close.
    else to.resume();
  });
}
