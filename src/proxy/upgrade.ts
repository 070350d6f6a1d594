/** Passes an upgrade on: what both sides say once they have agreed on another protocol is not ours. */

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ClientConnection } from "./client-connection.js";
import { hasHeader, headOf, withoutHeaders } from "./raw-headers.js";
import { type Answer, relayAnswer, sendOn } from "./relay.js";
import type { SessionAddress } from "./session-address.js";

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
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { agent }: ClientConnection,
  target: SessionAddress,
): void {
  const upstream = sendOn(request, agent, target);
  socket.on("error", () => undefined);
  socket.once("close", () => upstream.destroy());
  upstream.on("error", () => socket.resetAndDestroy());
  upstream.on("upgrade", (answer, session, begun) => {
    agent.forget();
    session.unshift(begun);
    socket.unshift(head);
    const { statusCode, statusMessage, rawHeaders } = answer;
    socket.write(headOf(`HTTP/1.1 ${statusCode} ${statusMessage}`, rawHeaders));
    tunnel(socket, session as Socket);
  });
  upstream.on("response", (message) => refuse(socket, request, { request: upstream, message }));
  upstream.end();
}

/** A refused connection could go on as HTTP, but Node does not take it back. */
function refuse(socket: Socket, offer: IncomingMessage, answer: Answer): void {
  const response = new ServerResponse(offer);
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  const kept = withoutHeaders(answer.message.rawHeaders, ["connection", "keep-alive"]);
  relayAnswer({ ...answer, headers: [...kept, "Connection", "close"] }, response);
  socket.resume();
}

/** Joins two connections until both are over; the end and the reset of one are those of the other. */
export function tunnel(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to as Duplex);
    from.on("error", () => to.resetAndDestroy());
    from.once("close", () => to.destroySoon());
  }
}
