/** Posts one body to the collector of the user, once, within a time. */

import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { PassedHeaders } from "./headers.js";

/** How one try ended. It tells nothing of what was sent, nor where to. */
export interface PostResult {
  /** The status of the answer; 0 when there was none. */
  readonly status: number;
  /** In words, for a warning: `"status 401"`, `"ECONNREFUSED"`. */
  readonly reason: string;
  /** How long the collector wants to be left alone, when it says so. */
  readonly retryAfterMs: number | undefined;
}

/** What of an answer is read before the connection is given up: it is not looked at. */
const MAX_ANSWER_BYTES = 65_536;

/** A place to post to. It keeps one connection, and holds no process that has nothing else to do. */
export class Collector {
  readonly #endpoint: URL;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;
  readonly #closed = new AbortController();

  constructor(endpoint: string) {
    this.#endpoint = new URL(endpoint);
    const options = { keepAlive: true, maxSockets: 1 };
    if (this.#endpoint.protocol === "https:") {
      // Loaded here, since TLS takes longer to load than anything else that a command needs to start.
      const { Agent, request } = process.getBuiltinModule("node:https");
      this.#agent = new Agent({ ...options, ...trustOfTheSystem() });
      this.#request = request;
    } else {
      this.#agent = new HttpAgent(options);
      this.#request = httpRequest;
    }
  }

  /** Ends what is on its way, which then fails. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  /** Posts a body. Never throws; redirects are not followed, for the headers are for one place. */
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
    // What goes wrong behind the head of an answer changes nothing in what it said.
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
 * The CLI trusts what the system trusts, Node only a list of its own; a collector of a company with
 * its own authority would be lost. Before Node 22.15, `NODE_EXTRA_CA_CERTS` is the way.
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

/** Only the code of an error: its message may show the address, or a header that was refused. */
function failure(error: unknown): PostResult {
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  const reason = /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "no answer";
  return { status: 0, reason, retryAfterMs: undefined };
}

/** The `Retry-After` header in milliseconds: a number of seconds or a date. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const delayMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
