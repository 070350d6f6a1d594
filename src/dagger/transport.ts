/**
 * Sends requests to the session over `node:http`, because only there a request can be canceled. The SDK's
 * fetch takes no signal, and Node's built-in fetch gives up after five minutes.
 */

import { request as httpRequest, type IncomingMessage } from "node:http";
import type { SessionResponse } from "../attribution/failure.js";
import type { Fetch, FetchInit } from "./sdk-shape.js";

/** An answer with all fields that graphql-request reads. */
export interface TransportAnswer extends SessionResponse {
  readonly body: string;
  readonly headers: readonly [string, string][];
}

/**
 * Sends a request. If the signal is aborted, rejects with its reason. Otherwise, rejects with Node's own
 * error.
 */
export function send(
  url: string | URL,
  { method = "POST", headers = new Headers(), body = "" }: FetchInit,
  signal: AbortSignal | undefined,
): Promise<TransportAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      // Open a new connection for each request, as the SDK does. The session may have closed a kept
      // connection, and that would look like a lost engine.
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

/** Returns a `fetch` for graphql-request that sends with `exchange`. */
export function fetchWith(
  exchange: (url: string | URL, init: FetchInit) => Promise<TransportAnswer>,
): Fetch {
  return async (url, init) => {
    const { status, headers, body } = await exchange(url, init);
    return new Response(NO_BODY.has(status) ? null : body, { status, headers: [...headers] });
  };
}

/** The statuses with which a `Response` must not have a body. */
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
 * Copies the code of a failed connection, such as `"ECONNREFUSED"`, to `errno`. The SDK reads `errno`,
 * because its own fetch sets it.
 */
function withErrno(error: unknown): unknown {
  if (error instanceof Error && "code" in error) Object.assign(error, { errno: error.code });
  return error;
}
