/** Makes one attempt to post a body to the user's collector, with a timeout. */

import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { PassedHeaders } from "./headers.js";

/** The result of one attempt. It contains nothing from the body and no address. */
export interface PostResult {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** A short text for a warning, such as `"status 401"` or `"ECONNREFUSED"`. */
  readonly reason: string;
  /** The delay that the collector asked for; undefined when it asked for no delay. */
  readonly retryAfterMs: number | undefined;
}

/** The most bytes of an answer to read before the connection is closed. The content is not used. */
const MAX_ANSWER_BYTES = 65_536;

/** A connection to the user's collector. The connection does not keep the process alive. */
export class Collector {
  readonly #endpoint: URL;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;
  readonly #closed = new AbortController();

  constructor(endpoint: string) {
    this.#endpoint = new URL(endpoint);
    const options = { keepAlive: true, maxSockets: 1 };
    if (this.#endpoint.protocol === "https:") {
      // TLS is loaded only for https, because loading it takes longer than the rest of a command's start.
      const { Agent, request } = process.getBuiltinModule("node:https");
      this.#agent = new Agent({ ...options, ...trustOfTheSystem() });
      this.#request = request;
    } else {
      this.#agent = new HttpAgent(options);
      this.#request = httpRequest;
    }
  }

  /** Aborts the current post, so that it fails. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  /**
   * Posts a body. Never throws. Redirects are not followed, because the headers contain credentials for
   * this host only.
   */
  post(body: Uint8Array, headers: PassedHeaders, timeoutMs: number): Promise<PostResult> {
    return new Promise((resolve) => {
      try {
        this.#send(body, headers, timeoutMs, resolve);
      } catch (error) {
        resolve(failure(error));
      }
    });
  }

  #send(
    body: Uint8Array,
    headers: PassedHeaders,
    timeoutMs: number,
    resolve: (result: PostResult) => void,
  ): void {
    const request = this.#request(this.#endpoint, {
      method: "POST",
      agent: this.#agent,
      signal: this.#closed.signal,
      headers: { ...(headers as Record<string, string[]>), "content-length": body.length },
    });
    const timer = setTimeout(() => request.destroy(timeout()), timeoutMs).unref();
    const end = (result: PostResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    request.on("socket", (socket) => socket.unref());
    // Once the head of an answer has arrived, a later error does not change the status.
    let answered: PostResult | undefined;
    request.on("error", (error) => end(answered ?? failure(error)));
    request.on("response", (response) => {
      const { statusCode: status = 0, headers: head } = response;
      const retryAfterMs = readRetryAfter(head["retry-after"]);
      const result = { status, reason: `status ${status}`, retryAfterMs };
      answered = result;
      let answerBytes = 0;
      response.on("error", () => undefined);
      response.on("data", (chunk: Buffer) => {
        answerBytes += chunk.length;
        if (answerBytes > MAX_ANSWER_BYTES) request.destroy();
      });
      response.on("close", () => end(result));
    });
    request.end(body);
  }
}

/**
 * Returns the certificate authorities of the system. Dagger's CLI trusts them, but Node trusts only its own
 * list, so connections to a company's collector would fail. Node before 22.15 cannot read them. Users set
 * `NODE_EXTRA_CA_CERTS` there.
 */
function trustOfTheSystem(): { readonly ca?: string[] } {
  const { getCACertificates } = process.getBuiltinModule("node:tls") as {
    readonly getCACertificates?: (type: "default" | "system") => string[];
  };
  if (getCACertificates === undefined) return {};
  return { ca: [...getCACertificates("default"), ...getCACertificates("system")] };
}

function timeout(): Error {
  return Object.assign(new Error("the collector does not answer"), { code: "ETIMEDOUT" });
}

/**
 * Returns a failure that contains only the code of the error, because the message may contain the address
 * or a header.
 */
function failure(error: unknown): PostResult {
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  const reason = /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "no answer";
  return { status: 0, reason, retryAfterMs: undefined };
}

/** Converts a `Retry-After` header, which contains seconds or a date, to milliseconds. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const delayMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
