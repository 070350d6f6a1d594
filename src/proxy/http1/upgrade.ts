/** Forwards an upgrade to another protocol. The bytes of that protocol are not interpreted. */

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.js";
import type { SessionAddress } from "../sessions/session-address.js";
import type { ClientConnection } from "./client-connection.js";
import type { EarlyBytes } from "./early-bytes.js";
import { hasHeader, headOf, withoutHeaders } from "./raw-headers.js";
import { relayAnswer, type SessionAnswer, sendOn } from "./relay.js";

/**
 * An offer to upgrade that may now be sent to the session. Node no longer reads the client's connection.
 */
export interface Offer {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** The bytes that the client sent after the offer. */
  readonly early: EarlyBytes;
}

/**
 * Returns whether to ignore an offer to upgrade and to serve the request as usual, which HTTP permits. Some
 * clients send such an offer with every query. An accepted offer would hide the query from the guard.
 */
export function isOfferToPassOver({ method, rawHeaders }: IncomingMessage): boolean {
  const hasBody =
    hasHeader(rawHeaders, "content-length") || hasHeader(rawHeaders, "transfer-encoding");
  return method === "POST" || hasBody;
}

/** Returns the head of a request, as bytes, without the headers that offer an upgrade. */
export function withoutOffer({ method, url, rawHeaders }: IncomingMessage): Buffer {
  const headers = withoutHeaders(rawHeaders, ["upgrade", "connection", "http2-settings"]);
  return headOf(`${method} ${url} HTTP/1.1`, headers);
}

/**
 * Forwards an offer to the session. If the session rejects the offer, the client gets the session's answer,
 * and the connection ends.
 */
export function passUpgrade(
  offer: Offer,
  { agent }: ClientConnection,
  target: SessionAddress,
): void {
  const { request, socket, early } = offer;
  const upstream = sendOn(request, agent, target);
  let isAnswered = false;
  socket.once("close", () => upstream.destroy());
  upstream.on("error", () => {
    if (!isAnswered) resetSocket(socket);
  });
  upstream.on("information", ({ statusCode, statusMessage, rawHeaders }) => {
    socket.write(headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders));
  });
  upstream.on("upgrade", (answer, session, begun) => {
    isAnswered = true;
    agent.forget();
    const { statusCode, statusMessage, rawHeaders } = answer;
    const head = headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders);
    socket.write(Buffer.concat([head, begun]));
    const bytes = early.take();
    if (bytes.length > 0) session.write(bytes);
    tunnel(socket, session as Socket);
  });
  upstream.on("response", (message) => {
    isAnswered = true;
    early.take();
    reject(offer, { request: upstream, message });
  });
  upstream.end();
}

/**
 * Forwards the session's rejection and ends the connection. HTTP would permit further requests on it. But
 * Node does not take back a connection that it has handed over.
 */
function reject({ request, socket }: Offer, answer: SessionAnswer): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  const kept = withoutHeaders(answer.message.rawHeaders, ["connection", "keep-alive"]);
  relayAnswer({ ...answer, headers: [...kept, "Connection", "close"] }, response);
  socket.on("end", () => socket.destroy()).resume();
}

/**
 * Connects two sockets until both are closed. The end or reset of one socket is passed to the other. When
 * one socket closes, the other closes after its pending bytes are written.
 */
export function tunnel(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => resetSocket(to));
    from.once("close", () => to.destroySoon());
    from.pipe(to);
    if (from.destroyed) to.destroySoon();
  }
}
