/** Provides both ends around a receiver of traces: an exporter that posts to it, and a collector behind it. */

import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The bodies that a real CLI posted, uncompressed. */
export const RECORDED_BODIES: readonly Buffer[] = readFileSync(
  new URL("../fixtures/traces/otlp.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => Buffer.from(JSON.parse(line).base64, "base64"));

/** One recorded body. `BODY_SPANS` is the number of its spans. */
export const BODY = RECORDED_BODIES[0] as Buffer;
export const BODY_SPANS = 4;

/** A request that a collector has received. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Answers a request of a collector, or leaves it unanswered. `index` counts the requests from 0. */
export type Answer = (response: ServerResponse, index: number) => void;

/** A collector that keeps the requests it receives. */
export interface FakeCollector extends AsyncDisposable {
  readonly endpoint: string;
  readonly received: readonly Received[];
}

export const ok: Answer = (response) => void response.end();

/** Returns a function that answers with a status and headers. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => void response.writeHead(code, headers).end();
}

export async function startCollector(answer: Answer = ok): Promise<FakeCollector> {
  const received: Received[] = [];
  let requests = 0;
  const server = createServer((incoming, response) => {
    const index = requests++;
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { url: path = "", headers, rawHeaders } = incoming;
      received.push({ path, headers, rawHeaders, body: Buffer.concat(chunks) });
      answer(response, index);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The ways in which a post can differ from an ordinary export. */
export interface PostOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Whether to send the body in chunks, without its length. */
  readonly chunked?: boolean;
}

/** The answer that an exporter gets. */
export interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ms: number;
}

/** Posts a body as an exporter does. */
export function post(
  url: string,
  body: Uint8Array,
  { method = "POST", headers = {}, chunked = false }: PostOptions = {},
): Promise<Posted> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      headers: {
        "content-type": "application/x-protobuf",
        ...(chunked ? {} : { "content-length": body.length }),
        ...(headers as Record<string, string>),
      },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers: answered } = response;
        const ms = performance.now() - start;
        resolve({ status: statusCode, headers: answered, body: Buffer.concat(chunks), ms });
      });
    });
    outgoing.end(body);
  });
}
