/** Relays both halves of an HTTP/1.1 exchange unbuffered, at the speed of the slower side. */

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

/** The largest head accepted from either side. */
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
 * Begins a request. Node adds `Connection: keep-alive` if the client left it to the default of
 * HTTP/1.1; all other headers are sent as given.
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

/** Without a length, Node would announce a chunked body for a POST that has none. */
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

/** An answer of the session that has begun. */
export interface Answer {
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
  /** The part of its body that was already read. */
  readonly begun?: readonly Buffer[];
  /** The headers to send in place of its own. */
  readonly headers?: RawHeaders;
}

/** Begins an answer with the session's status and headers. */
export function beginAnswer({ message, headers }: Answer, response: ServerResponse): void {
  for (const name of ["connection", "transfer-encoding", "date"]) response.removeHeader(name);
  const unspoken = response.req.httpVersion === "1.0" ? ["transfer-encoding"] : [];
  response.writeHead(message.statusCode ?? 502, message.statusMessage ?? "", [
    ...withoutHeaders(headers ?? message.rawHeaders, unspoken),
  ]);
}

/**
 * Forwards an answer to its end. If the session cuts it, the client's connection is cut at the same
 * byte.
 */
export function relayAnswer(answer: Answer, response: ServerResponse): void {
  const { request, message, begun = [] } = answer;
  const cutOff = () => {
    message.unpipe(response);
    cut(response);
  };
  message.on("error", cutOff);
  try {
    beginAnswer(answer, response);
  } catch {
    // Node reads heads that it refuses to write, such as one with a status of 0.
    message.destroy();
    cutOff();
    return;
  }
  for (const chunk of begun) response.write(chunk);
  message.once("end", () => addTrailers(message, response));
  // In an answer that ends with its connection, a reset looks like the end; only the request has
  // the error.
  request.on("error", () => {
    if (!message.complete) cutOff();
  });
  if (message.errored) cutOff();
  else message.pipe(response);
  flushSoon(response);
}

/** Forwards interim answers: 100 Continue and the like. */
export function relayInformation(request: ClientRequest, response: ServerResponse): void {
  request.on("continue", () => response.writeContinue());
  request.on("information", ({ statusCode, statusMessage, rawHeaders }) => {
    if (statusCode === 100 || response.req.httpVersion === "1.0") return;
    response.socket?.write(headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders));
  });
}

/** A longer body costs more to copy than to write separately from its head. */
const MAX_JOINED_BYTES = 16 * 1024;

/**
 * Ends a message with its whole body. Node writes a short text together with the head in one cheap
 * write; each byte is one character of latin1. A message with chunks or trailers keeps its pieces.
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

/** Adds the trailers of a fully read message. */
export function addTrailers({ rawTrailers }: IncomingMessage, to: OutgoingMessage): void {
  if (rawTrailers.length > 0) to.addTrailers(pairsOf(rawTrailers));
}

/** Resets the client's connection like the session's, after earlier bytes have been written. */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  socket.write("", () => resetSocket(socket));
}

/**
 * Sends a head before its body arrives, but together with a body that follows at once. Node's own
 * `flushHeaders` would encode it as UTF-8.
 */
function flushSoon(message: OutgoingMessage): void {
  setImmediate(() => {
    if (!message.writableEnded && !message.destroyed) message.write("", "latin1");
  });
}

/** Returns the headers of a client's request for the session. */
export function headersFor(request: IncomingMessage, authorization: string): string[] {
  return withHeader(request.rawHeaders, "authorization", authorization);
}

/** Begins a client's request to the session. Only the token differs. */
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
