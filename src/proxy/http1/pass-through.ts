/** Forwards a request that is not a query, and its answer, without a guard. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionAddress } from "../sessions/session-address.js";
import type { ClientConnection } from "./client-connection.js";
import { cut, relayAnswer, relayBody, relayInformation, sendOn } from "./relay.js";

/** Forwards a request and its answer. Only the token is replaced. */
export function passThrough(
  request: IncomingMessage,
  response: ServerResponse,
  { agent }: ClientConnection,
  target: SessionAddress,
): void {
  const upstream = sendOn(request, agent, target);
  let answered = false;
  upstream.on("response", (message) => {
    answered = true;
    relayAnswer({ request: upstream, message }, response);
  });
  const breakOff = () => {
    request.unpipe(upstream).resume();
    if (!answered) cut(response);
  };
  upstream.on("error", breakOff);
  // If the session switches protocols unasked, Node closes the request without an error.
  upstream.once("close", breakOff);
  relayInformation(upstream, response);
  response.once("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  relayBody(request, upstream);
}
