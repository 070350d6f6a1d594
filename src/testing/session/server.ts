/** The port of a session, as the dagger CLI offers it: HTTP/1.1 on loopback. */

import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { readUpTo } from "../../sockets/bounded-body.js";
import { listenOnLoopback } from "../../sockets/loopback.js";
import { isAuthorized } from "../../sockets/session-token.js";
import { parseTraceparent } from "../../traces/trace-context.js";
import { type Answer, answer } from "./answer.js";
import type { Work } from "./engine/context.js";
import { type Engine, EngineGone } from "./engine/engine.js";
import { meetFaults } from "./engine/meet-faults.js";
import type { NestedClient } from "./engine/running-function.js";
import type { Session } from "./engine/session.js";
import { pause } from "./engine/steps.js";
import { goJson } from "./faults/wire-errors.js";
import { noOperation } from "./query/query-plan.js";
import { readRequest } from "./query/request-body.js";
import type { LateSpans } from "./traces/late-spans.js";
import { beginRequest } from "./traces/request-span.js";

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";
const GRAPHQL_TYPE = "application/graphql-response+json";
const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

/** The error for work whose answer no client waits for. */
class Dropped extends Error {
  override readonly name = "Dropped";
}

export class SessionServer {
  readonly token = randomBytes(16).toString("hex");
  readonly #engine: Engine;
  readonly #session: Session;
  readonly #nested: NestedClient | undefined;
  readonly #lateSpans: LateSpans | undefined;
  readonly #server: Server;
  readonly #serving = new Set<Promise<void>>();
  #queries = 0;

  /** @param nested The running Dagger function that this port serves; undefined for the session's own port. */
  constructor(engine: Engine, session: Session, nested?: NestedClient) {
    this.#engine = engine;
    this.#session = session;
    this.#nested = nested;
    this.#lateSpans = nested && session.newLateSpans();
    this.#server = createServer((request, response) => {
      const served = this.#serve(request, response).finally(() => this.#serving.delete(served));
      this.#serving.add(served);
    });
    // Neither the port nor a connection keeps the process alive.
    this.#server.on("connection", (socket) => socket.unref());
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  /** The number of requests to `/query`. */
  get queries(): number {
    return this.#queries;
  }

  /** Listens on a free port of the loopback interface. */
  listen(): Promise<number> {
    return listenOnLoopback(this.#server);
  }

  /** Closes the port and all connections at once. Resolves when no request is in progress. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    await Promise.allSettled(this.#serving);
    this.#lateSpans?.end();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The client may have cut the connection. That is not an error here.
    response.on("error", () => undefined);
    if (!isAuthorized(request.headers.authorization, this.token)) return end(response, 401);
    if (request.url?.split("?")[0] !== "/query") {
      return end(response, 404, TEXT, "404 page not found\n");
    }
    this.#queries += 1;
    const { state } = this.#engine;
    if (state !== "up") return endWithoutEngine(response, state);
    await this.#serveQuery(request, response);
  }

  /** Begins the span of a request. If the client sent no `traceparent`, it is below the span of its function. */
  #beginRequest({ method = "", headers }: IncomingMessage) {
    const header = headers.traceparent as string | undefined;
    const nested = this.#nested;
    if (nested === undefined) return beginRequest(method, header, this.#session.takeSpan);
    const parent = parseTraceparent(header) === undefined ? nested.traceparent : header;
    const late = this.#lateSpans;
    return beginRequest(method, parent, late && ((span) => late.add(span)));
  }

  async #serveQuery(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const engine = this.#engine;
    const { life } = engine;
    const dropped = new AbortController();
    response.once("close", () => dropped.abort(new Dropped("the client has gone")));
    let cutBody = false;
    const { traceId, span } = this.#beginRequest(request);
    let isNoticed = this.#nested === undefined;
    const work: Work = {
      span,
      engine,
      session: this.#session,
      signal: AbortSignal.any([life, dropped.signal, this.#session.over]),
      nested: this.#nested,
      noticed: () => {
        isNoticed = true;
      },
      cutConnection(where) {
        if (where === "body") {
          cutBody = true;
          return;
        }
        dropped.abort(new Dropped("the connection was reset"));
        reset(response);
      },
    };
    try {
      const given = await this.#answer(request, work, traceId).finally(async () => {
        // Lets aborted work end first.
        if (work.signal.aborted) await setImmediate();
        if (isNoticed) span.end();
      });
      if (life.aborted && life.reason instanceof EngineGone) throw life.reason;
      const [status, type, body] = given;
      if (cutBody) cutWithin(response, status, type, body);
      else end(response, status, type, body);
    } catch (error) {
      if (dropped.signal.aborted || this.#session.over.aborted) return;
      if (life.aborted) {
        return end(response, 502, TEXT, 'http do: Post "http://dagger/query": unexpected EOF');
      }
      end(response, 500, TEXT, `session double: ${error instanceof Error ? error.stack : error}`);
    }
  }

  async #answer(
    request: IncomingMessage,
    work: Work,
    traceId: string,
  ): Promise<readonly [number, string, string]> {
    await meetFaults(work, { operation: "request", hosts: [], text: "" });
    if (this.#session.lost && !this.#engine.isOld) {
      await pause(this.#engine.settings.lostSessionDelayMs, work.signal);
      const message = "waiting for client session attachables: context deadline exceeded";
      return [200, TEXT, `${goJson({ data: null, errors: [{ message }] })}\n`];
    }
    const type = acceptsGraphqlType(request) ? GRAPHQL_TYPE : JSON_TYPE;
    if (request.method === "GET") {
      return [rejectedStatus(type), type, goJson({ errors: noOperation().errors, data: null })];
    }
    if (request.method !== "POST" || !hasJsonBody(request)) {
      return [400, TEXT, problem("transport not supported")];
    }
    const read = readRequest(await readBody(request));
    if ("problem" in read) return [400, type, problem(read.problem)];
    const given: Answer = await answer(work, read, traceId);
    if (given.rejected) work.noticed();
    return [given.rejected ? rejectedStatus(type) : 200, type, goJson(given.body)];
  }
}

function problem(message: string): string {
  return goJson({ errors: [{ message }], data: null });
}

/** Returns the status for a rejected query: 400 for clients that accept GraphQL's own media type, else 422. */
function rejectedStatus(type: string): number {
  return type === GRAPHQL_TYPE ? 400 : 422;
}

function acceptsGraphqlType(request: IncomingMessage): boolean {
  return (request.headers.accept ?? "").includes(GRAPHQL_TYPE);
}

function hasJsonBody(request: IncomingMessage): boolean {
  return (request.headers["content-type"] ?? "").startsWith(JSON_TYPE);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const body = await readUpTo(request, LARGEST_BODY_BYTES);
  if (body === undefined) throw new Error("the request body is larger than 64 MiB");
  return body.toString();
}

function endWithoutEngine(response: ServerResponse, state: "killed" | "ended"): void {
  const reason = state === "killed" ? "connection refused" : "no such file or directory";
  const text = `dial unix /run/dagger/engine.sock: connect: ${reason}`;
  end(response, 502, TEXT, `http do: Post "http://dagger/query": ${text}`);
}

function end(response: ServerResponse, status: number, type?: string, body = ""): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...(type !== undefined && { "content-type": type }),
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** Sends half of an answer, then resets the connection. */
function cutWithin(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "content-type": type, "content-length": bytes.length });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => reset(response));
}

function reset(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  socket.resetAndDestroy();
}
