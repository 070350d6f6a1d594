/** Guards a client of the SDK, or `dag`. */

import type { GraphQLRequest } from "../attribution/failure.js";
import type { Guard } from "../guard/guard.js";
import type { GuardOptions } from "../guard/guard-options.js";
import type { Exchange } from "../guard/guarded-session.js";
import { SessionState } from "../guard/session-state.js";
import { guardedContext } from "./guarded-context.js";
import {
  checkGraphQLClient,
  checkSdkObject,
  type Fetch,
  type FetchInit,
  type SdkConnection,
  type SdkContext,
  type SdkGraphQLClient,
  type SdkObject,
} from "./sdk-shape.js";
import { type SessionTracing, tracingOf } from "./session-tracing.js";
import { makeGuard, type RequestSender, requestSender } from "./step-aside.js";
import { fetchWith, send, type TransportAnswer } from "./transport.js";

/**
 * Returns a guarded copy of a client of the Dagger SDK, of any copy of the SDK: each request that
 * it, or any object made from it, sends passes the breakers of what it depends on. The client given
 * stays as it is. Objects stay the SDK's own.
 *
 * A client that is guarded already, such as the one that this package's `connect` gives, comes back
 * under the new options instead of the old: no request passes two guards.
 *
 * @param client A `Client`, such as `connect` gives, or `dag`.
 * @throws UnsupportedSdkError when the SDK has a shape that is not known; TypeError or RangeError
 * for wrong options.
 *
 * @example
 * ```ts
 * import { dag } from "@dagger.io/dagger";
 * import { guard } from "dagger-circuit-breaker/dagger";
 *
 * const guarded = guard(dag, { operationTimeoutMs: 600_000 });
 * const build = () => guarded.container().from("alpine").withExec(["true"]).sync();
 * ```
 */
export function guard<C extends object>(client: C, options?: GuardOptions): C {
  return guardWith(makeGuard(options), client, () => new SessionState(undefined, undefined, true));
}

/** Gives what is known of the session behind a connection; asked once for each. */
type StateSource = () => SessionState;

/** Like `guard`, with a guard that is there already. */
export function guardWith<C extends object>(owner: Guard, client: C, source: StateSource): C {
  const { _ctx } = checkSdkObject(client);
  const Client = client.constructor as new (context: unknown) => C;
  return new Client(guarded(owner, _ctx, source));
}

/** The contexts that an object had before it was guarded in place, and those it has since had. */
const inPlace = new WeakMap<
  object,
  { readonly plain: SdkContext; readonly guarded: SdkContext[] }
>();

/**
 * Guards an object of the SDK in place, as `dag` needs it. The guards of an object may be undone in
 * any order: the youngest that is left holds, and after the last it is as it was.
 *
 * @returns How to undo it.
 */
export function guardInPlace(owner: Guard, client: object, source: StateSource): () => void {
  const object: SdkObject = checkSdkObject(client);
  const entry = inPlace.get(object) ?? { plain: object._ctx, guarded: [] };
  inPlace.set(object, entry);
  const own = guarded(owner, object._ctx, source);
  entry.guarded.push(own);
  object._ctx = own;
  return () => {
    entry.guarded.splice(entry.guarded.indexOf(own), 1);
    object._ctx = entry.guarded.at(-1) ?? entry.plain;
    if (entry.guarded.length === 0) inPlace.delete(object);
  };
}

/** The plain connection behind a guarded one, and what is known of its sessions. */
interface Known {
  readonly plain: SdkConnection;
  readonly stateOf: (client: SdkGraphQLClient) => SessionState;
}

const known = new WeakMap<SdkConnection, Known>();

function guarded(owner: Guard, context: SdkContext, source: StateSource): SdkContext {
  const behind = known.get(context._connection) ?? {
    plain: context._connection,
    stateOf: once(source),
  };
  const connection = guardedConnection(owner, behind);
  known.set(connection, behind);
  return guardedContext(owner, context, connection);
}

/** A connection whose GraphQL clients are guarded copies, one for each of the plain ones. */
function guardedConnection(owner: Guard, { plain, stateOf }: Known): SdkConnection {
  const copyOf = once((client: SdkGraphQLClient) => {
    const state = stateOf(client);
    const sender = requestSender(owner, state);
    return guardedGraphQLClient(client, guardedFetch(sender, tracingOf(state)));
  });
  return { getGQLClient: () => copyOf(plain.getGQLClient()) };
}

/** Makes something once for each GraphQL client, and so for each session. */
function once<V>(make: (client: SdkGraphQLClient) => V): (client: SdkGraphQLClient) => V {
  const made = new WeakMap<SdkGraphQLClient, V>();
  return (client) => {
    const found = made.get(client);
    if (found !== undefined) return found;
    const value = make(client);
    made.set(client, value);
    return value;
  };
}

function guardedGraphQLClient(client: SdkGraphQLClient, fetch: Fetch): SdkGraphQLClient {
  const { url, requestConfig } = checkGraphQLClient(client);
  const GraphQLClient = client.constructor as new (url: string, config: object) => SdkGraphQLClient;
  return new GraphQLClient(url, { ...requestConfig, fetch });
}

/** The fetch of one connection: it is here that a request is admitted, sent or dropped. */
function guardedFetch(sender: RequestSender, tracing: SessionTracing | undefined): Fetch {
  return fetchWith((url, init) => {
    const given = requestOf(init.body);
    const traced = tracing?.begin(init.headers?.get("traceparent") ?? null);
    const exchange = exchangeOf(url, init, given, traced?.traceparent);
    const answer = sender.request(given, exchange, { witness: traced?.witness });
    if (traced !== undefined) answer.then(() => traced.end(), traced.end);
    return answer;
  });
}

/**
 * Sends a request as the SDK would.
 *
 * @param traceparent The span of the request itself; what the guard asks after it is not part of it.
 */
function exchangeOf(
  url: string | URL,
  init: FetchInit,
  given: GraphQLRequest,
  traceparent: string | undefined,
): Exchange<TransportAnswer> {
  let span = traceparent;
  return (request, signal) => {
    const headers = new Headers(init.headers);
    if (span !== undefined) headers.set("traceparent", span);
    span = undefined;
    const sent = { ...init, headers };
    return send(url, request === given ? sent : { ...sent, body: JSON.stringify(request) }, signal);
  };
}

/** The request in a body. A batch, which neither SDK nor engine knows, names nothing. */
function requestOf(body = ""): GraphQLRequest {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) return parsed as GraphQLRequest;
  } catch {
    // What is no JSON is for the session to refuse.
  }
  return { query: "" };
}
