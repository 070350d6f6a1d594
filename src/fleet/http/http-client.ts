/**
 * Sends requests to a server of shared circuits. Does not follow redirects, and ignores proxy
 * settings in the environment.
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
 * The milliseconds for which an idle connection is kept. Servers and proxies keep connections
 * longer, so the client closes first. If the other side closed first, a request could be sent on a
 * closing connection, and its reply would be lost.
 */
const IDLE_MS = 30_000;
const MAX_SOCKETS = 8;
/**
 * The maximum size of a response in bytes. It is enough for 10,000 circuits with long names and
 * reasons.
 */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Loads `node:https` only for https URLs, because loading TLS would double the time of the start.
 */
const https = () => process.getBuiltinModule("node:https");

/** A client of one server. */
export class HttpClient {
  /** The name of the server in messages. Contains the address, but no credentials. */
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

  /**
   * The version of the commands that the server understands, as stated in its last response. 1
   * before the first response.
   */
  get commandsVersion(): number {
    return this.#commandsVersion;
  }

  /**
   * Sends a GET request, or a POST request if there is a body. Returns the JSON value of the
   * response.
   *
   * @throws FleetStoreError (as a rejection) if no valid response arrives in time.
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

  /** Opens a stream on a connection of its own. This connection does not keep the process alive. */
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
    // A proxy between us and the store can answer with 200 and a page of its own.
    if (statusCode === 200) throw new FleetStoreError(`${this.name} gave an invalid reply`);
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
    // This listener is never removed. An "error" event without a listener would end the process,
    // even after the response has begun.
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
