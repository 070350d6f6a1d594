/** Sends one query to the session, and keeps the answer in memory until it is classified. */

import type { ClientRequest, IncomingMessage } from "node:http";
import type { GraphQLRequest, SessionResponse } from "../../attribution/failure.js";
import type { ReadRequest } from "../../attribution/query/named-upstream.js";
import { onAbort } from "../../policies/abort.js";
import { type HeldBody, type HeldBytes, holdBody } from "../../sockets/bounded-body.js";
import { authorizationFor } from "../../sockets/session-token.js";
import { type RawHeaders, withHeader, withoutHeaders } from "../http1/raw-headers.js";
import { endWith, headersFor, relayBody, sendRequest } from "../http1/relay.js";
import type { SessionAddress } from "../sessions/session-address.js";
import { connectTo, type SessionAgent } from "../sessions/session-agent.js";
import { answerIn, MAX_HELD_BYTES } from "./query-body.js";

/** An answer in memory. If the answer is too long, only its beginning is in memory. */
export interface HeldAnswer extends SessionResponse {
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
  readonly held: HeldBody;
}

/** A query of a client. */
export interface Query {
  readonly message: IncomingMessage;
  readonly held: HeldBody;
  /** The parsed query. */
  readonly given: ReadRequest;
  readonly traceparent: string | undefined;
}

/**
 * Sends a client's query to the session, on the connection of `agent`. Each client connection has its own
 * agent.
 */
export function sendQuery(
  { message, held, given, traceparent }: Query,
  request: GraphQLRequest,
  target: SessionAddress,
  agent: SessionAgent,
): ClientRequest {
  const authorized = headersFor(message, authorizationFor(target.token));
  const traced =
    traceparent === undefined ? authorized : withHeader(authorized, "traceparent", traceparent);
  const own = request === given.request ? undefined : Buffer.from(JSON.stringify(request));
  const headers = own === undefined ? withoutHeaders(traced, ["expect"]) : resized(traced, own);
  const { method = "POST", url: path = "/query" } = message;
  const sent = sendRequest({ port: target.port, agent, method, path, headers });
  if (own !== undefined) return sent.end(own);
  if (held.cutShort === undefined) {
    endWith(held.chunks, message, sent);
    return sent;
  }
  for (const chunk of held.chunks) sent.write(chunk);
  relayBody(message, sent);
  return sent;
}

/** Sends a question of the guard to the session, on a new connection. */
export function sendQuestion(question: GraphQLRequest, { port, token }: SessionAddress) {
  const body = Buffer.from(JSON.stringify(question));
  const headers = resized(
    ["Host", `127.0.0.1:${port}`, "Authorization", authorizationFor(token)],
    body,
  );
  headers.push("Content-Type", "application/json", "Connection", "close");
  const sent = sendRequest({ port, agent: false, method: "POST", path: "/query", headers });
  return sent.end(body);
}

function resized(headers: RawHeaders, { length }: Buffer): string[] {
  const kept = withoutHeaders(headers, ["expect", "transfer-encoding", "trailer"]);
  return withHeader(kept, "content-length", `${length}`);
}

/**
 * Waits for the answer and reads it into memory. If the answer exceeds a limit, only its beginning is read.
 *
 * @param bound The memory limit for all bodies together.
 * @param drop Ends the request. It is called when the signal is aborted.
 */
export function awaitAnswer(
  request: ClientRequest,
  bound: HeldBytes,
  signal: AbortSignal | undefined,
  drop: () => void,
): Promise<HeldAnswer> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, (reason) => {
      drop();
      reject(reason);
    });
    const fail = (error: unknown) => {
      forget();
      reject(error);
    };
    const judge = async (message: IncomingMessage) => {
      const held = await holdBody(message, MAX_HELD_BYTES, bound);
      const body = await answerIn(held, message.headers["content-encoding"]);
      held.release();
      forget();
      const contentType = message.headers["content-type"];
      resolve({ status: message.statusCode ?? 0, contentType, body, request, message, held });
    };
    let isAnswered = false;
    request.on("error", fail);
    request.on("response", (message) => {
      isAnswered = true;
      judge(message).catch(fail);
    });
    request.once("close", () => {
      if (!isAnswered) fail(new Error("the session switched protocols without a request"));
    });
  });
}

/** Returns whether the session still accepts connections. */
export function isListening({ port }: SessionAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port);
    socket.once("error", () => resolve(false)).once("connect", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
}
