/**
 * Guards the queries of one session. Only queries wait for admission; all other requests are forwarded at
 * once.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Failure, GraphQLRequest } from "../../attribution/failure.js";
import { readRequest } from "../../attribution/query/read-request.js";
import { ENGINE } from "../../guard/engine-name.js";
import type { Guard } from "../../guard/guard.js";
import { GuardedSession } from "../../guard/guarded-session.js";
import type { SessionLink } from "../../guard/session-link.js";
import type { SessionState } from "../../guard/session-state.js";
import { type RefusalType, rejectionAnswer } from "../../guard/wire/rejection-answer.js";
import { HeldBytes, holdBody } from "../../sockets/bounded-body.js";
import type { RequestTracing } from "../../traces/request-tracing.js";
import type { ClientConnection } from "../http1/client-connection.js";
import { beginAnswer, cut, endWith, relayAnswer } from "../http1/relay.js";
import type { SessionAddress } from "../sessions/session-address.js";
import {
  problemIn,
  type QueryRejection,
  type RequestProblem,
  type SessionProgress,
} from "../sessions/session-progress.js";
import { MAX_HELD_BYTES, requestIn } from "./query-body.js";
import {
  awaitAnswer,
  type HeldAnswer,
  isListening,
  type Query,
  sendQuery,
  sendQuestion,
} from "./query-exchange.js";

/**
 * The most bytes of queries and answers that a session keeps in memory for classification. Above this
 * limit, bodies are forwarded without classification.
 */
const MAX_HELD_BYTES_IN_ALL = 256 * 1024 * 1024;

/** The counters of a session. No counter ever decreases. */
export interface SessionCounts {
  /** The number of guarded requests. Each `POST /query` is a guarded request. */
  readonly requests: number;
  /** The number of requests that a circuit rejected. */
  readonly rejected: number;
  /** The number of requests that exceeded `operationTimeoutMs`. */
  readonly timedOut: number;
  /** The number of requests that were answered with `SESSION_LOST`. */
  readonly lost: number;
}

/**
 * Matches the target of a query: the path `/query`, or an absolute URL with this path. HTTP servers must
 * accept both.
 */
const QUERY_TARGET = /^(?:https?:\/\/[^/?]*)?\/query(?:\?|$)/;

/** Returns whether a request is a query to guard. */
export function isQuery({ method, url = "" }: IncomingMessage): boolean {
  return method === "POST" && QUERY_TARGET.test(url);
}

/** Guards the queries of one session on all connections of clients. */
export class GuardedQueries {
  readonly counts: { -readonly [K in keyof SessionCounts]: number } = {
    requests: 0,
    rejected: 0,
    timedOut: 0,
    lost: 0,
  };
  readonly #session: GuardedSession;
  /** Whether the guard may change queries. The options `mirrors` and `pin` change them. */
  readonly #rewrites: boolean;
  readonly #target: SessionAddress;
  readonly #tracing: RequestTracing | undefined;
  readonly #onRejected: ((query: QueryRejection) => void) | undefined;
  readonly #progress: SessionProgress | undefined;
  readonly #held = new HeldBytes(MAX_HELD_BYTES_IN_ALL);

  constructor(
    guard: Guard,
    state: SessionState,
    target: SessionAddress,
    tracing: RequestTracing | undefined,
    onRejected?: (query: QueryRejection) => void,
    progress?: SessionProgress,
  ) {
    this.#onRejected = onRejected;
    this.#progress = progress;
    this.#session = new GuardedSession(guard, state, "ask");
    this.#rewrites = guard.settings.rewrites;
    this.#target = target;
    this.#tracing = tracing;
  }

  /**
   * Answers a query with the session's answer, or with a rejection of the guard. The promise never rejects.
   */
  async serve(
    message: IncomingMessage,
    response: ServerResponse,
    connection: ClientConnection,
  ): Promise<void> {
    const held = await holdBody(message, MAX_HELD_BYTES, this.#held).catch(() => undefined);
    if (held === undefined) return;
    const request = requestIn(held, message.headers["content-encoding"]);
    const given = readRequest(request, this.#rewrites);
    const { traceparent } = message.headers;
    const traced = this.#tracing?.begin(Array.isArray(traceparent) ? undefined : traceparent);
    const query: Query = { message, held, given, traceparent: traced?.traceparent };
    this.counts.requests += 1;
    const end = this.#progress?.begin();
    let failures: readonly Failure[] = [];
    const onFailures = (found: readonly Failure[]): void => {
      failures = found;
    };
    try {
      const answer = await this.#session.request(given, this.#linkOf(query, connection), {
        trace: traced?.trace,
        signal: connection.gone,
        onFailures,
      });
      traced?.end();
      end?.(problemIn(failures));
      sendAnswer(answer, response);
    } catch (error) {
      traced?.end(error);
      const problem = connection.gone.aborted
        ? ABANDONED
        : this.#refuse(error, query, response, failures);
      end?.(problem);
    } finally {
      held.release();
    }
  }

  /**
   * Returns the two ways to send to the session. `send` sends the client's query on the client's own
   * connection to the session. `ask` sends a question of the guard on a new connection.
   */
  #linkOf(query: Query, connection: ClientConnection): SessionLink<HeldAnswer> {
    return {
      send: (request, signal) => this.#send(query, request, connection, signal),
      ask: (question, signal) => this.#ask(question, signal),
    };
  }

  async #send(
    query: Query,
    request: GraphQLRequest,
    connection: ClientConnection,
    signal: AbortSignal | undefined,
  ): Promise<HeldAnswer> {
    const { agent } = connection;
    const sent = sendQuery(query, request, this.#target, agent);
    let isAnswered = false;
    sent.once("response", () => {
      isAnswered = true;
    });
    const drop = () => {
      agent.forget();
      sent.destroy();
    };
    try {
      return await awaitAnswer(sent, this.#held, signal, drop);
    } catch (error) {
      // The session may have closed this idle connection just now. If the session still accepts
      // connections, it is not lost. Then reset the client's connection, because without the proxy the
      // client would have met the same error.
      const mayBeStale = sent.reusedSocket && !isAnswered && signal?.aborted !== true;
      if (mayBeStale && (await isListening(this.#target))) await connection.reset();
      throw error;
    }
  }

  async #ask(question: GraphQLRequest, signal: AbortSignal | undefined): Promise<HeldAnswer> {
    const asked = sendQuestion(question, this.#target);
    try {
      return await awaitAnswer(asked, this.#held, signal, () => asked.destroy());
    } finally {
      asked.destroy();
    }
  }

  /**
   * Answers a query that failed. If the guard did not cause the error, the session has cut its connection.
   * Then the client's connection is reset too.
   *
   * @param failures The failures that the guard has found.
   */
  #refuse(
    error: unknown,
    { given }: Query,
    response: ServerResponse,
    failures: readonly Failure[],
  ): RequestProblem | undefined {
    const answer = rejectionAnswer(this.#session.lost ?? error, given);
    if (answer === undefined) {
      cut(response);
      return problemIn(failures);
    }
    const { _type: type, upstream = ENGINE } = answer.errors[0].extensions;
    this.counts[COUNTERS[type]] += 1;
    const rejection = { type, circuit: upstream };
    this.#onRejected?.(rejection);
    const body = JSON.stringify(answer);
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
    return { kind: "rejected", rejection };
  }
}

const ABANDONED: RequestProblem = { kind: "abandoned" };

const COUNTERS: Readonly<Record<RefusalType, "rejected" | "timedOut" | "lost">> = {
  CIRCUIT_OPEN: "rejected",
  TIMED_OUT: "timedOut",
  SESSION_LOST: "lost",
};

function sendAnswer({ request, message, held }: HeldAnswer, response: ServerResponse): void {
  const answer = { request, message, begun: held.chunks };
  if (held.cutShort !== undefined) {
    relayAnswer(answer, response);
    return;
  }
  beginAnswer(answer, response);
  endWith(held.chunks, message, response);
}
