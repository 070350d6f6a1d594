/** Relays the two halves of an HTTP/1.1 exchange as they come: unbuffered, and as fast as the slower side. */

import type {
  ClientRequest,
  IncomingMessage,
  OutgoingMessage,
  RequestOptions,
  ServerResponse,
} from "node:http";
import { request as httpRequest } from "node:http";
import { resetSocket } from "../../sockets/reset-socket.js";
import type { SessionAddress } from "../sessions/session-address.js";
import type { SessionAgent } from "../sessions/session-agent.js";
import { authorizationFor } from "../sessions/session-token.js";
import {
  hasHeader,
  headOf,
  pairsOf,
  type RawHeaders,
  withHeader,
  withoutHeaders,
} from "./raw-headers.js";

/** The largest head that is taken from either side. */
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
 * Begins a request. Node says `Connection: keep-alive` where the client has left it to the default of
 * HTTP/1.1; all other headers go as they are given.
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

/** Without a length Node would announce a body of chunks for a POST that has none. */
function complete({ port, method }: Omit<Outgoing, "headers">, headers: RawHeaders): RawHeaders {
  const hosted = hasHeader(headers, "host") ? headers : ["Host", `127.0.0.1:${port}`, ...headers];
  const sized = hasHeader(headers, "content-length") || hasHeader(headers, "transfer-encoding");
  return sized || NEVER_CHUNKED.has(method) ? hosted : [...hosted, "Content-Length", "0"];
}

const NEVER_CHUNKED: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** Passes the body and the trailers of a request on. */
export function relayBody(from: IncomingMessage, to: ClientRequest): void {
  from.once("end", () => addTrailers(from, to));
  from.pipe(to);
  flushSoon(to);
}

/** An answer of the session that has begun. */
export interface Answer {
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
  /** What was read of its body already. */
  readonly begun?: readonly Buffer[];
  /** What to send for its headers. */
  readonly headers?: RawHeaders;
}

/** Begins an answer as the session did. */
export function beginAnswer({ message, headers }: Answer, response: ServerResponse): void {
  for (const name of ["connection", "transfer-encoding", "date"]) response.removeHeader(name);
  const unspoken = response.req.httpVersion === "1.0" ? ["transfer-encoding"] : [];
  response.writeHead(message.statusCode ?? 502, message.statusMessage ?? "", [
    ...withoutHeaders(headers ?? message.rawHeaders, unspoken),
  ]);
}

/** Passes an answer on to its end; when the session cuts it, the client's connection is cut there. */
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
  // Of an answer that ends with its connection, a reset looks like the end, and only the request tells.
  request.on("error", () => {
    if (!message.complete) cutOff();
  });
  if (message.errored) cutOff();
  else message.pipe(response);
  flushSoon(response);
}

/** Passes on what is said before the answer itself: 100 Continue and the like. */
export function relayInformation(request: ClientRequest, response: ServerResponse): void {
  request.on("continue", () => response.writeContinue());
  request.on("information", ({ statusCode, statusMessage, rawHeaders }) => {
    if (statusCode === 100 || response.req.httpVersion === "1.0") return;
    response.socket?.write(headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders));
  });
}

/** What is longer is dearer to copy than to write apart from its head. */
const MAX_JOINED_BYTES = 16 * 1024;

/**
 * Ends a message with its whole body. Node writes a short text together with the head, which costs one
 * plain write; each byte is one character of latin1. What has chunks or trailers keeps its pieces.
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

/** Adds the trailers of a message that has been read to its end. */
export function addTrailers({ rawTrailers }: IncomingMessage, to: OutgoingMessage): void {
  if (rawTrailers.length > 0) to.addTrailers(pairsOf(rawTrailers));
}

/** Resets the client's connection, as the session's was, once what came before has been written. */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  socket.write("", () => resetSocket(socket));
}

/**
 * Sends a head before its body comes, but together with one that is there at once. Node's own
 * `flushHeaders` would write it in UTF-8.
 */
function flushSoon(message: OutgoingMessage): void {
  setImmediate(() => {
    if (!message.writableEnded && !message.destroyed) message.write("", "latin1");
  });
}

/** The headers of a client's request for the session. */
export function headersFor(request: IncomingMessage, authorization: string): string[] {
  return withHeader(request.rawHeaders, "authorization", authorization);
}

/** Begins a client's request with the session: only the token is another there. */
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
