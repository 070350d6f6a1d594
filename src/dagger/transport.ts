/**
 * Sends one request to the session over `node:http`, because only there a request can really be
 * dropped. The SDK's own fetch takes no signal, and Node's built-in fetch gives up after five
 * minutes.
 */

import { request as httpRequest, type IncomingMessage } from "node:http";
import type { SessionResponse } from "../attribution/failure.js";
import type { Fetch, FetchInit } from "./sdk-shape.js";

/** An answer with everything that graphql-request reads. */
export interface TransportAnswer extends SessionResponse {
  readonly body: string;
  readonly headers: readonly [string, string][];
}

/** Sends a request; rejects with Node's own error, or with the signal's reason if it is aborted. */
export function send(
  url: string | URL,
  { method = "POST", headers = new Headers(), body = "" }: FetchInit,
  signal: AbortSignal | undefined,
): Promise<TransportAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      // A connection of its own, as in the SDK: a kept one may have been closed meanwhile, which
      // would look like an engine that went away.
      agent: false,
      headers: { ...Object.fromEntries(headers), "content-length": Buffer.byteLength(body) },
    });
    const drop = () => request.destroy(signal?.reason);
    const fail = (error: unknown) => {
      signal?.removeEventListener("abort", drop);
      reject(signal?.aborted ? signal.reason : withErrno(error));
    };
    if (signal?.aborted) drop();
    signal?.addEventListener("abort", drop);
    request.on("error", fail);
    request.on("response", (response) => {
      readAll(response).then((text) => {
        signal?.removeEventListener("abort", drop);
        resolve(answerOf(response, text));
      }, fail);
    });
    request.end(body);
  });
}

/** Returns a fetch that sends like `send`. */
export function fetchWith(
  exchange: (url: string | URL, init: FetchInit) => Promise<TransportAnswer>,
): Fetch {
  return async (url, init) => {
    const { status, headers, body } = await exchange(url, init);
    return new Response(NO_BODY.has(status) ? null : body, { status, headers: [...headers] });
  };
}

/** Statuses with which a `Response` must not have a body. */
const NO_BODY = new Set([204, 205, 304]);

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function answerOf(response: IncomingMessage, body: string): TransportAnswer {
  const headers: [string, string][] = [];
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    for (const value of values ?? []) headers.push([name, value]);
  }
  const contentType = response.headers["content-type"];
  return { status: response.statusCode ?? 0, contentType, headers, body };
}

/**
 * Adds the code of a refused connection as text in `errno`, where the SDK expects it, like its own
 * fetch does.
 */
function withErrno(error: unknown): unknown {
  if (error instanceof Error && "code" in error) Object.assign(error, { errno: error.code });
  return error;
}
