/**
 * Sends requests to a server of shared circuits. It follows no redirect and uses no proxy of the
 * environment.
 */

import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from "node:http";
import { codeOf } from "../../files/error-code.js";
import { readUpTo } from "../../sockets/bounded-body.js";
import { plain } from "../foreign-text.js";
import { FleetStoreError, isFleetStoreError } from "../store-error.js";
import { COMMANDS_HEADER } from "./protocol.js";
import { authorizationOf } from "./token.js";

/**
 * How long an idle connection is kept: shorter than servers and proxies do. If the other side
 * closes it while a request is sent, the reply is lost.
 */
const IDLE_MS = 30_000;
const MAX_SOCKETS = 8;
/** The size limit of a response, enough for 10,000 circuits with long names and reasons. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Loads `node:https` only for https URLs, because loading TLS takes as long as the rest of the
 * start.
 */
const https = () => process.getBuiltinModule("node:https");

/** One server. */
export class HttpClient {
  /** The address of the server in messages, without credentials before the host. */
  readonly name: string;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  #commandsVersion = 1;

  constructor(base: URL, token: string, timeoutMs: number) {
    this.name = `the store at ${base.origin}`;
    this.#base = base;
    this.#headers = { authorization: authorizationOf(token) };
    this.#timeoutMs = timeoutMs;
    // Idle sockets of an agent do not keep the process alive.
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MS };
    this.#agent = base.protocol === "https:" ? new (https().Agent)(options) : new Agent(options);
  }

  /** The version of commands that the server understands, from the header of its last response. */
  get commandsVersion(): number {
    return this.#commandsVersion;
  }

  /**
   * Sends a GET, or a POST with a body, and returns the JSON of the response.
   *
   * @throws FleetStoreError (as a rejection) when there is no valid response in time.
   */
  async ask(path: string, body?: string): Promise<unknown> {
    const method = body === undefined ? "GET" : "POST";
    const request = this.#request(path, { method, agent: this.#agent });
    const late = setTimeout(() => {
      const why = `${this.name} gave no answer within ${this.#timeoutMs} ms`;
      request.destroy(new FleetStoreError(why));
    }, this.#timeoutMs);
    try {
      if (body !== undefined) request.setHeader("content-type", "application/json");
      const response = await answerOf(request, body);
      const text = (await readUpTo(response, MAX_ANSWER_BYTES))?.toString();
      this.#commandsVersion = Number(response.headers[COMMANDS_HEADER] ?? 1);
      return this.#read(response, text);
    } catch (error) {
      request.destroy();
      throw isFleetStoreError(error) ? error : this.#unreachable(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Opens a stream on its own connection, which does not keep the process alive. */
  stream(path: string): ClientRequest {
    const request = this.#request(path, { agent: false, headers: { accept: "text/event-stream" } });
    request.on("socket", (socket) => socket.unref());
    return request.end();
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(path: string, { headers = {}, ...options }: RequestOptions): ClientRequest {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, "")}${path}`, this.#base);
    const send = url.protocol === "https:" ? https().request : requestHttp;
    return send(url, { ...options, headers: { ...this.#headers, ...headers } });
  }

  #read({ statusCode = 0 }: IncomingMessage, text: string | undefined): unknown {
    const value = parse(text);
    if (statusCode === 200 && value !== undefined) return value;
    const { error } = (value ?? {}) as { error?: unknown };
    const told = typeof error === "string" ? `: ${plain(error)}` : "";
    throw new FleetStoreError(`${this.name} answered with status ${statusCode}${told}`);
  }

  #unreachable(error: unknown): FleetStoreError {
    const code = codeOf(error);
    return new FleetStoreError(`${this.name} cannot be reached (${String(code)})`, error);
  }
}

function answerOf(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Never removed: an "error" event without a listener would end the process, even after the
    // response has begun.
    request.on("error", reject);
    request.on("response", resolve);
    request.end(body);
  });
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
