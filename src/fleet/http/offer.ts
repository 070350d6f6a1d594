/** Answers the requests to a server of shared circuits. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { readUpTo } from "../../sockets/bounded-body.js";
import type { TokenGate } from "../../sockets/token-gate.js";
import type { FleetReply } from "../rules/reply.js";
import type { FleetStore } from "../store.js";
import { UnwritableStoreError } from "../store-error.js";
import {
  messageOf,
  RequestRejection,
  readList,
  readTarget,
  send,
  wellFormed,
} from "./answering.js";
import type { EventStreams } from "./event-streams.js";
import type { HealthPages } from "./health-pages.js";
import { type OnStoreError, outcomesIn } from "./lost-outcomes.js";
import type { ReadablePage } from "./metrics-page.js";
import { COMMANDS_HEADER, COMMANDS_VERSION, MAX_BODY_BYTES, PATHS } from "./protocol.js";
import { readCommand, readName, readScope } from "./read-command.js";

type Handler = (
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

type IsAllowed = (header: string | undefined) => boolean;

/** The objects and functions that an `Offer` needs. */
export interface OfferParts {
  readonly store: FleetStore;
  /** Limits connections, and remembers which connections have shown the token. */
  readonly gate: TokenGate;
  /** Checks whether a header contains the clients' token. */
  readonly isAllowed: IsAllowed;
  readonly streams: EventStreams;
  readonly metrics: ReadablePage | undefined;
  readonly health: HealthPages | undefined;
  readonly onStoreError: OnStoreError;
}

/**
 * Answers all requests to one server. Each page needs no token, the read token, or the clients'
 * token.
 */
export class Offer {
  readonly #parts: OfferParts;
  /** The pages that need no token. */
  readonly #open: ReadonlyMap<string, Handler>;
  /** The pages that need the read token. */
  readonly #readable: ReadonlyMap<string, Handler>;
  /** The pages that need the clients' token. */
  readonly #members: ReadonlyMap<string, Handler>;

  constructor(parts: OfferParts) {
    this.#parts = parts;
    const { metrics, health } = parts;
    this.#open = new Map<string, Handler>([
      [`GET ${PATHS.health}`, (_, __, response) => tellAlive(response)],
      ...(health === undefined ? [] : this.#healthPages(health)),
    ]);
    this.#readable = new Map<string, Handler>(
      metrics === undefined ? [] : this.#readablePages(metrics, health),
    );
    this.#members = new Map<string, Handler>([
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
    const { store, gate, isAllowed, metrics } = this.#parts;
    if (store.scopes !== undefined) response.setHeader(COMMANDS_HEADER, COMMANDS_VERSION);
    try {
      const { pathname, searchParams } = readTarget(request.url ?? "");
      const target = `${request.method} ${pathname}`;
      const open = this.#open.get(target);
      if (open !== undefined) {
        // Closes the connection after this response, unless the connection has already shown the
        // token.
        response.shouldKeepAlive = gate.isMember(request.socket);
        await open(searchParams, request, response);
        return;
      }
      const isForReaders = metrics !== undefined && this.#readable.has(target);
      this.#letIn(request, isForReaders ? metrics.isAllowed : isAllowed);
      const handler = (isForReaders ? this.#readable : this.#members).get(target);
      if (handler === undefined) throw new RequestRejection(404, "unknown path");
      await handler(searchParams, request, response);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  #healthPages(health: HealthPages): readonly (readonly [string, Handler])[] {
    return [
      [`GET ${PATHS.live}`, (_, __, response) => send(response, 200, { status: "ok" })],
      [
        `GET ${PATHS.ready}`,
        async (_, __, response) => {
          const { status, body } = await this.#asked(() => health.ready());
          send(response, status, body);
        },
      ],
    ];
  }

  #readablePages(
    { text, contentType }: ReadablePage,
    health: HealthPages | undefined,
  ): readonly (readonly [string, Handler])[] {
    const metrics: Handler = async (_, __, response) => {
      const body = await this.#asked(text);
      const headers = { "content-type": contentType, "content-length": body.length };
      response.writeHead(200, { ...headers, "cache-control": "no-store" }).end(body);
    };
    const circuits: Handler = async (query, _, response) => {
      if (health === undefined) throw new RequestRejection(404, "unknown path");
      const { status, body } = await this.#asked(() => health.circuits(query));
      send(response, status, body);
    };
    return [
      [`GET ${PATHS.metrics}`, metrics],
      [`GET ${PATHS.healthCircuits}`, circuits],
    ];
  }

  #letIn({ headers, socket }: IncomingMessage, isAllowed: IsAllowed): void {
    if (!isAllowed(headers.authorization)) throw new RequestRejection(401, "wrong token");
    if (!this.#parts.gate.admit(socket)) {
      throw new RequestRejection(503, "too many connections are open");
    }
  }

  async #run(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isLong = Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES;
    const body = isLong ? undefined : await readUpTo(request, MAX_BODY_BYTES);
    if (body === undefined)
      throw new RequestRejection(
        413,
        `the body is too long, expected at most ${MAX_BODY_BYTES} bytes`,
      );
    const entries = readList(body.toString());
    // Starts all commands in the same tick, so that the store runs them in this order.
    const answers = await Promise.all(entries.map((entry) => this.#runOne(entry)));
    send(response, 200, answers);
  }

  /** Runs one command. A failed command does not affect the replies to the other commands. */
  async #runOne(entry: unknown): Promise<{ reply: FleetReply } | { error: string }> {
    let read: ReturnType<typeof readCommand>;
    try {
      read = readCommand(entry);
    } catch (error) {
      return { error: messageOf(error) };
    }
    try {
      return { reply: await this.#parts.store.run(read.key, read.command) };
    } catch (error) {
      this.#parts.onStoreError(error, outcomesIn(read.command));
      return { error: failureFor(error) };
    }
  }

  async #list(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const scope = wellFormed(() => readScope(query.get("scope")));
    const onUnreadable = (_: string, error: unknown) => this.#parts.onStoreError(error, 0);
    const withReports = query.get("reports") === "1";
    const list = () => this.#parts.store.list(scope, onUnreadable, withReports);
    send(response, 200, await this.#asked(list));
  }

  async #scopes(response: ServerResponse): Promise<void> {
    const { store } = this.#parts;
    const { scopes } = store;
    if (scopes === undefined) throw new RequestRejection(404, "this store cannot list scopes");
    send(response, 200, await this.#asked(() => scopes.call(store)));
  }

  async #history(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const scope = wellFormed(() => readScope(query.get("scope")));
    const name = wellFormed(() => readName(query.get("name")));
    send(response, 200, await this.#asked(() => this.#parts.store.history({ scope, name })));
  }

  #begin(query: URLSearchParams, response: ServerResponse): void {
    const scope = wellFormed(() => readScope(query.get("scope")));
    if (this.#parts.streams.isFull) throw new RequestRejection(503, "too many streams are open");
    this.#parts.streams.begin(response, scope);
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      this.#parts.onStoreError(error, 0);
      throw new RequestRejection(503, STORE_FAILED);
    }
  }

  /**
   * Sends an error response. Also closes a connection that has not shown the token, or whose
   * request body is not read to its end.
   */
  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { complete, socket } = response.req;
    response.shouldKeepAlive = complete && this.#parts.gate.isMember(socket);
    if (error instanceof RequestRejection) send(response, error.status, { error: error.message });
    else send(response, 500, { error: "the request failed" });
  }
}

/**
 * The text that clients get instead of the store's message, because that message may contain a path
 * of this machine.
 */
const STORE_FAILED = "the store of the server failed";

/** Returns the text that a client gets for an error of the store. */
function failureFor(error: unknown): string {
  if (!(error instanceof UnwritableStoreError)) return STORE_FAILED;
  return `the store of the server cannot be written: ${error.reason}`;
}

function tellAlive(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
}
