/** Guards a client of the SDK, or `dag`. */

import type { GraphQLRequest } from "../attribution/failure.js";
import { Guard } from "../guard/guard.js";
import type { GuardOptions } from "../guard/guard-options.js";
import { GuardedSession } from "../guard/guarded-session.js";
import { guardedContext } from "./guarded-context.js";
import {
  checkGraphQLClient,
  checkSdkObject,
  type Fetch,
  type SdkConnection,
  type SdkGraphQLClient,
  type SdkObject,
} from "./sdk-shape.js";
import { fetchWith, send } from "./transport.js";

/**
 * Returns a guarded copy of a client of the Dagger SDK, of any copy of the SDK: each request that
 * it, or any object made from it, sends passes the breakers of what it depends on. The client given
 * stays as it is. Objects stay the SDK's own.
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
  const owner = new Guard(options);
  return guardWith(owner, client, () => new GuardedSession(owner));
}

/** Gives the guarded session for a connection; asked once for each. */
type SessionSource = () => GuardedSession;

/** Like `guard`, with a guard that is there already. */
export function guardWith<C extends object>(owner: Guard, client: C, source: SessionSource): C {
  const { _ctx } = checkSdkObject(client);
  const connection = guardedConnection(_ctx._connection, source);
  const Client = client.constructor as new (context: unknown) => C;
  return new Client(guardedContext(owner, _ctx, connection));
}

/** Guards an object of the SDK in place, as `dag` needs it; returns how to undo that. */
export function guardInPlace(owner: Guard, client: object, source: SessionSource): () => void {
  const object: SdkObject = checkSdkObject(client);
  const plain = object._ctx;
  object._ctx = guardedContext(owner, plain, guardedConnection(plain._connection, source));
  return () => {
    object._ctx = plain;
  };
}

/** A connection whose GraphQL clients are guarded copies, one for each of the plain ones. */
function guardedConnection(plain: SdkConnection, source: SessionSource): SdkConnection {
  const copies = new WeakMap<SdkGraphQLClient, SdkGraphQLClient>();
  return {
    getGQLClient() {
      const client = plain.getGQLClient();
      const known = copies.get(client);
      if (known !== undefined) return known;
      const copy = guardedGraphQLClient(client, source());
      copies.set(client, copy);
      return copy;
    },
  };
}

function guardedGraphQLClient(client: SdkGraphQLClient, session: GuardedSession): SdkGraphQLClient {
  const { url, requestConfig } = checkGraphQLClient(client);
  const GraphQLClient = client.constructor as new (url: string, config: object) => SdkGraphQLClient;
  return new GraphQLClient(url, { ...requestConfig, fetch: guardedFetch(session) });
}

/** The fetch of one connection: it is here that a request is admitted, sent or dropped. */
function guardedFetch(session: GuardedSession): Fetch {
  return fetchWith((url, init) => {
    const given = requestOf(init.body);
    const exchange = (request: GraphQLRequest, signal: AbortSignal | undefined) =>
      send(url, request === given ? init : { ...init, body: JSON.stringify(request) }, signal);
    return session.request(given, exchange);
  });
}

/** The request in a body; a batch, which the SDK never sends, counts as one request of all. */
function requestOf(body = ""): GraphQLRequest {
  const parsed: unknown = JSON.parse(body);
  if (!Array.isArray(parsed)) return parsed as GraphQLRequest;
  return { query: parsed.map((request: GraphQLRequest) => request.query).join("\n") };
}
