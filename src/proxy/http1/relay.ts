/**
 * Forwards the request and the answer of an HTTP/1.1 exchange. Nothing is buffered: the data moves at the
 * speed of the slower side.
 */

import type {
  ClientRequest,
  IncomingMessage,
  OutgoingMessage,
  RequestOptions,
  ServerResponse,
} from "node:http";
import { request as httpRequest } from "node:http";
import { resetSocket } from "../../sockets/reset-socket.js";
import { authorizationFor } from "../../sockets/session-token.js";
import type { SessionAddress } from "../sessions/session-address.js";
import type { SessionAgent } from "../sessions/session-agent.js";
import {
  hasHeader,
  headOf,
  pairsOf,
  type RawHeaders,
  withHeader,
  withoutHeaders,
} from "./raw-headers.js";

/** The largest head that is accepted from either side, in bytes. */
export const MAX_HEAD_BYTES = 1024 * 1024;

/** A request to the session. */
export interface Outgoing {
  readonly port: number;
  readonly agent: RequestOptions["agent"];
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
}

/**
 * Begins a request to the session. All given headers are sent unchanged. If `Connection` is missing, Node
 * adds `keep-alive`, which is the default of HTTP/1.1.
 */
export function sendRequest({ headers, ...target }: Outgoing): ClientRequest {
  const request = httpRequest({
    ...target,
    host: "127.0.0.1",
    headers: complete(target, headers),
    maxHeaderSize: MAX_HEAD_BYTES,
  });
  request.maxHeadersCount = 0;
  return request;
}

/**
 * Adds the header `Host` if it is missing. Adds `Content-Length: 0` to a request without a body, such as a
 * POST, because Node would otherwise announce a chunked body.
 */
function complete({ port, method }: Omit<Outgoing, "headers">, headers: RawHeaders): RawHeaders {
  const hosted = hasHeader(headers, "host") ? headers : ["Host", `127.0.0.1:${port}`, ...headers];
  const sized = hasHeader(headers, "content-length") || hasHeader(headers, "transfer-encoding");
  return sized || NEVER_CHUNKED.has(method) ? hosted : [...hosted, "Content-Length", "0"];
}

const NEVER_CHUNKED: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** Forwards the body and the trailers of a request. */
export function relayBody(from: IncomingMessage, to: ClientRequest): void {
  from.once("end", () => addTrailers(from, to));
  from.pipe(to);
  flushSoon(to);
}

/** An answer of the session. Its head has arrived. */
export interface SessionAnswer {
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
  /** The chunks of the body that were already read. */
  readonly begun?: readonly Buffer[];
  /** The headers to send instead of the answer's own. */
  readonly headers?: RawHeaders;
}

/** Sends the status and headers of an answer to the client. */
export function beginAnswer({ message, headers }: SessionAnswer, response: ServerResponse): void {
  for (const name of ["connection", "transfer-encoding", "date"]) response.removeHeader(name);
  const unspoken = response.req.httpVersion === "1.0" ? ["transfer-encoding"] : [];
  response.writeHead(message.statusCode ?? 502, message.statusMessage ?? "", [
    ...withoutHeaders(headers ?? message.rawHeaders, unspoken),
  ]);
}

/**
 * Forwards an answer to its end. If the session cuts the answer short, resets the client's connection after
 * the same byte.
 */
export function relayAnswer(answer: SessionAnswer, response: ServerResponse): void {
  const { request, message, begun = [] } = answer;
  const cutOff = () => {
    message.unpipe(response);
    cut(response);
  };
  message.on("error", cutOff);
  try {
    beginAnswer(answer, response);
  } catch {
    // Node can read some heads that it refuses to write, such as a head with status 0.
    message.destroy();
    cutOff();
    return;
  }
  for (const chunk of begun) response.write(chunk);
  message.once("end", () => addTrailers(message, response));
  // Some answers end where the connection ends. For them, a reset looks like a normal end of the message.
  // Only the request emits the error.
  request.on("error", () => {
    if (!message.complete) cutOff();
  });
  if (message.errored) cutOff();
  else message.pipe(response);
  flushSoon(response);
}

/** Forwards interim answers, such as 100 Continue. */
export function relayInformation(request: ClientRequest, response: ServerResponse): void {
  request.on("continue", () => response.writeContinue());
  request.on("information", ({ statusCode, statusMessage, rawHeaders }) => {
    if (statusCode === 100 || response.req.httpVersion === "1.0") return;
    response.socket?.write(headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders));
  });
}

/**
 * The longest body, in bytes, that is written together with its head. Copying a longer body costs more than
 * a second write.
 */
const MAX_JOINED_BYTES = 16 * 1024;

/**
 * Ends a message with its complete body. A short body is written as a latin1 string, in which each byte is
 * one character. Node sends such a string together with the head in one write. A message with chunks or
 * trailers needs several writes.
 */
export function endWith(
  chunks: readonly Buffer[],
  from: IncomingMessage,
  to: OutgoingMessage,
): void {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const hasPieces = from.headers["transfer-encoding"] !== undefined || from.rawTrailers.length > 0;
  if (!hasPieces && bytes <= MAX_JOINED_BYTES) {
    to.end(chunks.map((chunk) => chunk.toString("latin1")).join(""), "latin1");
    return;
  }
  addTrailers(from, to);
  to.end(Buffer.concat(chunks));
}

/** Adds the trailers of a completely read message to the forwarded message. */
export function addTrailers({ rawTrailers }: IncomingMessage, to: OutgoingMessage): void {
  if (rawTrailers.length > 0) to.addTrailers(pairsOf(rawTrailers));
}

/**
 * Resets the client's connection, because the session has reset its own connection. Earlier bytes are
 * written first.
 */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  socket.write("", () => resetSocket(socket));
}

/**
 * Sends a head in the next turn of the event loop. So the head does not wait for a slow body. If the body
 * comes in the same tick, the two are sent together. Node's own `flushHeaders` would encode the head as
 * UTF-8.
 */
function flushSoon(message: OutgoingMessage): void {
  setImmediate(() => {
    if (!message.writableEnded && !message.destroyed) message.write("", "latin1");
  });
}

/** Returns the headers of a client's request, with the session's token. */
export function headersFor(request: IncomingMessage, authorization: string): string[] {
  return withHeader(request.rawHeaders, "authorization", authorization);
}

/** Sends a client's request to the session. Only the token is replaced. */
export function sendOn(
  request: IncomingMessage,
  agent: SessionAgent,
  { port, token }: SessionAddress,
): ClientRequest {
  return sendRequest({
    port,
    agent,
    method: request.method ?? "GET",
    path: request.url ?? "/",
    headers: headersFor(request, authorizationFor(token)),
  });
}
