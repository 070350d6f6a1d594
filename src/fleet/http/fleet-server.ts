/** Serves a store of shared circuits to other machines over HTTP. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  checkText,
  type Field,
  functionField,
  numberField,
  objectField,
  readOptions,
} from "../../options/check.js";
import { BACKLOG } from "../../sockets/backlog.js";
import { readUpTo } from "../../sockets/bounded-body.js";
import { MAX_UNVERIFIED_HEAD_BYTES, TokenGate } from "../../sockets/token-gate.js";
import type { FleetReply } from "../rules/reply.js";
import type { FleetStore } from "../store.js";
import {
  messageOf,
  type OnStoreError,
  outcomesIn,
  RequestRejection,
  readList,
  readTarget,
  send,
  wellFormed,
} from "./answering.js";
import { EventStreams } from "./event-streams.js";
import { type MetricsPage, type ReadablePage, readableBy } from "./metrics-page.js";
import {
  COMMANDS_HEADER,
  COMMANDS_VERSION,
  HEARTBEAT_MS,
  MAX_BODY_BYTES,
  PATHS,
} from "./protocol.js";
import { readCommand, readName, readScope } from "./read-command.js";
import { checkToken, tokenCheck, tokenField } from "./token.js";

/** Options of `startFleetServer`. */
export interface FleetServerOptions {
  /** The store. The server neither opens nor closes it. */
  readonly store: FleetStore;
  /** The secret of all clients: 16 to 512 visible ASCII characters without spaces. */
  readonly token: string;
  /** The address to listen on. Default: `"127.0.0.1"`, this machine only. */
  readonly host?: string | undefined;
  /** 0 to 65,535; 0 picks a free port. Default: 0. */
  readonly port?: number | undefined;
  /**
   * Open connections that have shown the token, 1 to 100,000; half of them may be streams. Default:
   * 1,000. Connections without the token have their own limit, and 5 seconds.
   */
  readonly maxConnections?: number | undefined;
  /** Milliseconds between heartbeats of a stream, 10 to 60,000. Default: 10,000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * Called for each command that the store failed to run, with the number of outcomes that were lost
   * with it, and for each circuit that it could not read.
   */
  readonly onStoreError?: OnStoreError | undefined;
  /** Serves metrics at `/metrics`. Default: none. */
  readonly metrics?: MetricsPage | undefined;
}

/** A running server. */
export interface FleetServer {
  /** The URL, such as `http://127.0.0.1:7420`. */
  readonly url: string;
  /** Accepts no new requests, gives running ones a second, and ends all streams. */
  close(): Promise<void>;
}

/**
 * How long the server keeps an idle connection: longer than clients and common proxies, so that
 * they close it. If the server did, a request could get lost.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_WITHIN_MS = 1000;

const storeField: Field<FleetStore | undefined> = objectField<FleetStore, undefined>(undefined, [
  "run",
  "list",
  "history",
  "subscribe",
]);
const FIELDS = {
  store: storeField,
  token: tokenField,
  host: {
    absent: "127.0.0.1",
    read: (value, label) => checkText(value, label, 255),
  } as Field<string>,
  port: numberField(0, { min: 0, max: 65_535, whole: true }),
  maxConnections: numberField(1000, { min: 1, max: 100_000, whole: true }),
  heartbeatMs: numberField(HEARTBEAT_MS, { min: 10, max: 60_000, of: "milliseconds" }),
  onStoreError: functionField<OnStoreError>(),
  metrics: objectField<MetricsPage, undefined>(undefined, ["text"]) as Field<
    MetricsPage | undefined
  >,
};

/**
 * Serves a store over HTTP. On networks that others can read, put it behind HTTPS, because the
 * token travels with every request.
 *
 * @returns The server once it listens. Rejects with the system's error if it cannot listen.
 * @throws TypeError or RangeError that names the option and the expected value, but no token.
 */
export async function startFleetServer(options: FleetServerOptions): Promise<FleetServer> {
  const { store, token, host, port, maxConnections, heartbeatMs, onStoreError, metrics } =
    readOptions("startFleetServer", options, FIELDS);
  if (store === undefined) throw new TypeError('startFleetServer option "store" is missing');
  const isAllowed = tokenCheck(checkToken(token, 'startFleetServer option "token"'));
  const page = metrics && readableBy(metrics, isAllowed);
  const streams = new EventStreams(store, Math.ceil(maxConnections / 2), heartbeatMs);
  const gate = new TokenGate(maxConnections);
  const entrance = { gate, isAllowed };
  const offer = new Offer(store, entrance, streams, page, onStoreError ?? (() => undefined));
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_UNVERIFIED_HEAD_BYTES,
    },
    (request, response) => void offer.answer(request, response),
  );
  server.on("connection", (socket) => gate.enter(socket));
  server.listen({ host, port, exclusive: true, backlog: BACKLOG });
  try {
    await once(server, "listening");
  } catch (error) {
    streams.close();
    throw error;
  }
  server.on("error", () => undefined);
  return { url: urlOf(server), close: () => close(server, streams) };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function close(server: Server, streams: EventStreams): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  streams.close();
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  await closed;
  clearTimeout(cut);
}

type Handler = (
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

/** The check of the clients' token, and the gate that counts connections with and without it. */
interface Entrance {
  readonly gate: TokenGate;
  readonly isAllowed: (header: string | undefined) => boolean;
}

/** Answers the requests to one server. */
class Offer {
  readonly #store: FleetStore;
  readonly #entrance: Entrance;
  readonly #streams: EventStreams;
  readonly #page: ReadablePage | undefined;
  readonly #onStoreError: OnStoreError;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor(
    store: FleetStore,
    entrance: Entrance,
    streams: EventStreams,
    page: ReadablePage | undefined,
    onStoreError: OnStoreError,
  ) {
    this.#store = store;
    this.#entrance = entrance;
    this.#streams = streams;
    this.#page = page;
    this.#onStoreError = onStoreError;
    this.#handlers = new Map<string, Handler>([
      [`POST ${PATHS.commands}`, (_, request, response) => this.#run(request, response)],
      [`GET ${PATHS.circuits}`, (query, _, response) => this.#list(query, response)],
      [`GET ${PATHS.scopes}`, (_, __, response) => this.#scopes(response)],
      [`GET ${PATHS.history}`, (query, _, response) => this.#history(query, response)],
      [`GET ${PATHS.events}`, (query, _, response) => this.#begin(query, response)],
    ]);
  }

  /** Answers one request. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => undefined);
    if (this.#store.scopes !== undefined) response.setHeader(COMMANDS_HEADER, COMMANDS_VERSION);
    try {
      const { pathname, searchParams } = readTarget(request.url ?? "");
      if (pathname === PATHS.health && request.method === "GET") {
        // Closes the connection after this response unless it has shown the token.
        response.shouldKeepAlive = this.#entrance.gate.isMember(request.socket);
        response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
        return;
      }
      if (pathname === PATHS.metrics && request.method === "GET" && this.#page !== undefined) {
        await this.#tellMetrics(this.#page, request, response);
        return;
      }
      this.#letIn(request, this.#entrance.isAllowed);
      const handler = this.#handlers.get(`${request.method} ${pathname}`);
      if (handler === undefined) throw new RequestRejection(404, "there is nothing here");
      await handler(searchParams, request, response);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #tellMetrics(
    { isAllowed, text, contentType }: ReadablePage,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.#letIn(request, isAllowed);
    const body = await this.#asked(text);
    const headers = { "content-type": contentType, "content-length": body.length };
    response.writeHead(200, { ...headers, "cache-control": "no-store" }).end(body);
  }

  #letIn({ headers, socket }: IncomingMessage, isAllowed: Entrance["isAllowed"]): void {
    const { gate } = this.#entrance;
    if (!isAllowed(headers.authorization)) throw new RequestRejection(401, "wrong token");
    if (!gate.admit(socket)) throw new RequestRejection(503, "too many connections are open");
  }

  async #run(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isLong = Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES;
    const body = isLong ? undefined : await readUpTo(request, MAX_BODY_BYTES);
    if (body === undefined)
      throw new RequestRejection(413, `expected at most ${MAX_BODY_BYTES} bytes`);
    const entries = readList(body.toString());
    // Starts all commands in the same tick, so that the store runs them in this order.
    const answers = await Promise.all(entries.map((entry) => this.#runOne(entry)));
    send(response, 200, answers);
  }

  /** Runs one command. If it fails, only its own reply is an error. */
  async #runOne(entry: unknown): Promise<{ reply: FleetReply } | { error: string }> {
    let read: ReturnType<typeof readCommand>;
    try {
      read = readCommand(entry);
    } catch (error) {
      return { error: messageOf(error) };
    }
    try {
      return { reply: await this.#store.run(read.key, read.command) };
    } catch (error) {
      this.#onStoreError(error, outcomesIn(read.command));
      return { error: STORE_FAILED };
    }
  }

  async #list(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const scope = wellFormed(() => readScope(query.get("scope")));
    const onUnreadable = (_: string, error: unknown) => this.#onStoreError(error, 0);
    const withReports = query.get("reports") === "1";
    const list = () => this.#store.list(scope, onUnreadable, withReports);
    send(response, 200, await this.#asked(list));
  }

  async #scopes(response: ServerResponse): Promise<void> {
    const { scopes } = this.#store;
    if (scopes === undefined) throw new RequestRejection(404, "the store lists no scopes");
    send(response, 200, await this.#asked(() => scopes.call(this.#store)));
  }

  async #history(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const scope = wellFormed(() => readScope(query.get("scope")));
    const name = wellFormed(() => readName(query.get("name")));
    send(response, 200, await this.#asked(() => this.#store.history({ scope, name })));
  }

  #begin(query: URLSearchParams, response: ServerResponse): void {
    const scope = wellFormed(() => readScope(query.get("scope")));
    if (this.#streams.isFull) throw new RequestRejection(503, "too many streams are open");
    this.#streams.begin(response, scope);
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      this.#onStoreError(error, 0);
      throw new RequestRejection(503, STORE_FAILED);
    }
  }

  /**
   * Rejects a request. Closes the connection if it has not shown the token, or if a part of the
   * body is unread.
   */
  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { complete, socket } = response.req;
    response.shouldKeepAlive = complete && this.#entrance.gate.isMember(socket);
    if (error instanceof RequestRejection) send(response, error.status, { error: error.message });
    else send(response, 500, { error: "the request failed" });
  }
}

/**
 * Clients get this text instead of the store's message, which may contain a path of this machine.
 */
const STORE_FAILED = "the store of the server failed";
