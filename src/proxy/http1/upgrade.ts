/** Passes an upgrade on: what both sides say once they have agreed on another protocol is not ours. */

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.js";
import type { SessionAddress } from "../sessions/session-address.js";
import type { ClientConnection } from "./client-connection.js";
import type { EarlyBytes } from "./early-bytes.js";
import { hasHeader, headOf, withoutHeaders } from "./raw-headers.js";
import { type Answer, relayAnswer, sendOn } from "./relay.js";

/** An offer to upgrade whose turn has come. Node reads its connection no more. */
export interface Offer {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client says behind the offer. */
  readonly early: EarlyBytes;
}

/**
 * Whether an offer to upgrade is to be passed over, as HTTP allows: one on a request with a body,
 * such as some clients make of every query, would take the query out of the guard's sight.
 */
export function isOfferToPassOver({ method, rawHeaders }: IncomingMessage): boolean {
  const hasBody =
    hasHeader(rawHeaders, "content-length") || hasHeader(rawHeaders, "transfer-encoding");
  return method === "POST" || hasBody;
}

/** The bytes of a request without its offer. */
export function withoutOffer({ method, url, rawHeaders }: IncomingMessage): Buffer {
  const headers = withoutHeaders(rawHeaders, ["upgrade", "connection", "http2-settings"]);
  return headOf(`${method} ${url} HTTP/1.1`, headers);
}

/** Offers the upgrade to the session; without its consent the connection ends with its refusal. */
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
    const said = early.take();
    if (said.length > 0) session.write(said);
    tunnel(socket, session as Socket);
  });
  upstream.on("response", (message) => {
    isAnswered = true;
    early.take();
    refuse(offer, { request: upstream, message });
  });
  upstream.end();
}

/** A refused connection could go on as HTTP, but Node does not take it back. */
function refuse({ request, socket }: Offer, answer: Answer): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  const kept = withoutHeaders(answer.message.rawHeaders, ["connection", "keep-alive"]);
  relayAnswer({ ...answer, headers: [...kept, "Connection", "close"] }, response);
  socket.on("end", () => socket.destroy()).resume();
}

/**
 * Joins two connections until both are over; the end and the reset of one are those of the other.
 * Whatever ends one of them destroys both, as soon as the other has been told all that had come.
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
