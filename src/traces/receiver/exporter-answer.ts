/** Answers an exporter of telemetry. */

import type { ServerResponse } from "node:http";

/**
 * Answers with an empty message, in the media type of the request. An empty message in JSON is `{}`,
 * because an exporter cannot parse an empty body.
 */
export function answer(response: ServerResponse, status: number): void {
  const type = response.req.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  const [kind, body] = type === "application/json" ? [type, "{}"] : ["application/x-protobuf", ""];
  response.writeHead(status, { "content-type": kind, "content-length": body.length });
  response.end(body);
}
