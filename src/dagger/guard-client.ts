/** Guards a client of the SDK, or the global `dag`. */

import type { GraphQLRequest } from "../attribution/failure.js";
import { readRequest } from "../attribution/query/read-request.js";
import { isCircuitBreakerError } from "../breaker/errors.js";
import type { Guard } from "../guard/guard.js";
import type { GuardOptions } from "../guard/guard-options.js";
import { noteGuarded } from "../guard/guarded-clients.js";
import type { SessionLink } from "../guard/session-link.js";
import { SessionState } from "../guard/session-state.js";
import {
  checkGraphQLClient,
  checkSdkObject,
  type Fetch,
  type FetchInit,
  type SdkConnection,
  type SdkContext,
  type SdkContextClass,
  type SdkGraphQLClient,
  type SdkObject,
} from "./sdk-shape.js";
import { type SessionTracing, tracingOf } from "./session-tracing.js";
import { makeGuard, type RequestSender, requestSender } from "./step-aside.js";
import { fetchWith, send, type TransportAnswer } from "./transport.js";

/**
 * Returns a guarded copy of a client of the Dagger SDK. Each request of the copy, or of an object made with
 * it, needs permits from the breakers of its upstreams. The given client is not changed, and objects keep
 * the classes of the SDK. A process may contain several copies of the SDK; clients of each can be guarded.
 *
 * A client may already be guarded, such as the client from this package's `connect`. Then the new guard
 * replaces the old one, so that no request passes two guards.
 *
 * @param client A `Client`, for example from `connect`, or the global `dag`.
 * @throws UnsupportedSdkError if the SDK has an unknown structure; TypeError or RangeError for invalid
 * options.
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

/** A function that returns the state of the session behind a connection. It is called once per session. */
type StateSource = () => SessionState;

/** Returns a copy of a client that uses an existing guard. */
export function guardWith<C extends object>(owner: Guard, client: C, source: StateSource): C {
  const { _ctx } = checkSdkObject(client);
  const Client = client.constructor as new (context: unknown) => C;
  const copy = new Client(guarded(owner, _ctx, source));
  noteGuarded(copy, owner.settings.registry);
  return copy;
}

/** For each object that is guarded in place: its original context, and one context for each guard. */
const inPlace = new WeakMap<
  object,
  { readonly plain: SdkContext; readonly guarded: SdkContext[] }
>();

/**
 * Guards an object of the SDK without a copy. The global `dag` needs this, because user code imports that
 * object itself. Guards can be removed in any order: the newest remaining guard applies. Removing the last
 * guard restores the original context.
 *
 * @returns A function that removes the guard.
 */
export function guardInPlace(owner: Guard, client: object, source: StateSource): () => void {
  const object: SdkObject = checkSdkObject(client);
  const entry = inPlace.get(object) ?? { plain: object._ctx, guarded: [] };
  inPlace.set(object, entry);
  noteGuarded(client, owner.settings.registry);
  const own = guarded(owner, object._ctx, source);
  entry.guarded.push(own);
  object._ctx = own;
  return () => {
    entry.guarded.splice(entry.guarded.indexOf(own), 1);
    object._ctx = entry.guarded.at(-1) ?? entry.plain;
    if (entry.guarded.length === 0) inPlace.delete(object);
  };
}

/** The SDK's own connection behind a guarded connection, and the states of its sessions. */
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

/**
 * Returns a connection whose GraphQL clients are guarded. For each client of the SDK there is one guarded
 * copy.
 */
function guardedConnection(owner: Guard, { plain, stateOf }: Known): SdkConnection {
  const copyOf = once((client: SdkGraphQLClient) => {
    const state = stateOf(client);
    const sender = requestSender(owner, state);
    return guardedGraphQLClient(client, guardedFetch(owner, sender, tracingOf(state)));
  });
  return { getGQLClient: () => copyOf(plain.getGQLClient()) };
}

/**
 * Returns a function that calls `make` once per GraphQL client. A session has one GraphQL client, so this
 * means once per session.
 */
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

/** Returns a `fetch` that sends each request through the guard. */
function guardedFetch(
  { settings: { rewrites } }: Guard,
  sender: RequestSender,
  tracing: SessionTracing | undefined,
): Fetch {
  return fetchWith((url, init) => {
    const given = readRequest(requestOf(init.body), rewrites);
    const traced = tracing?.begin(init.headers?.get("traceparent") ?? null);
    const link = linkTo(url, init, given.request, traced?.traceparent);
    const answer = sender.request(given, link, { trace: traced?.trace });
    if (traced !== undefined) answer.then(() => traced.end(), traced.end);
    return answer;
  });
}

/**
 * Returns the two ways to send to the session: `send` for the given request, and `ask` for questions of the
 * guard.
 *
 * @param traceparent The span of the request. It is not set on questions, because they are not part of the
 * request.
 */
function linkTo(
  url: string | URL,
  init: FetchInit,
  given: GraphQLRequest,
  traceparent: string | undefined,
): SessionLink<TransportAnswer> {
  return {
    send(request, signal) {
      const headers = new Headers(init.headers);
      if (traceparent !== undefined) headers.set("traceparent", traceparent);
      const sent = request === given ? init : { ...init, body: JSON.stringify(request) };
      return send(url, { ...sent, headers }, signal);
    },
    ask: (question, signal) => send(url, { ...init, body: JSON.stringify(question) }, signal),
  };
}

/**
 * Parses the body of a request. A batch counts as a request without upstreams, because neither the SDK nor
 * the engine supports batches.
 */
function requestOf(body = ""): GraphQLRequest {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) return parsed as GraphQLRequest;
  } catch {
    // The body is not JSON, so the session itself will reject it.
  }
  return { query: "" };
}

/**
 * Creates a guarded copy of a context. The new class extends the class of the given context. It must not
 * extend an imported class, because a process may contain several copies of the SDK, for example inside
 * Dagger modules.
 */
function guardedContext(owner: Guard, context: SdkContext, connection: SdkConnection): SdkContext {
  const given = context.constructor as SdkContextClass;
  const Base = plainClasses.get(given) ?? given;

  class GuardedContext extends Base {
    /** Sends the chain of operations. Every method of the SDK that needs an answer calls this method. */
    override async execute(): Promise<unknown> {
      try {
        return await super.execute();
      } catch (error) {
        throw unwrapped(error, owner.settings.signal);
      }
    }
  }
  plainClasses.set(GuardedContext, Base);
  for (const name of ["select", "selectNode", "copy"]) keepGuarded(GuardedContext, Base, name);
  return new GuardedContext(context._queryTree, connection);
}

/** For each guarded class, the class of the SDK that it extends. It prevents guarding a class twice. */
const plainClasses = new WeakMap<SdkContextClass, SdkContextClass>();

/** Overrides a method that returns a new context, so that the new context is guarded too. */
function keepGuarded(Guarded: SdkContextClass, Base: SdkContextClass, name: string): void {
  const method: unknown = Base.prototype[name];
  if (typeof method !== "function") return;
  Object.defineProperty(Guarded.prototype, name, {
    value(this: SdkContext, ...parameters: unknown[]): SdkContext {
      const plain: SdkContext = method.apply(this, parameters);
      return new Guarded(plain._queryTree, this._connection);
    },
  });
}

/**
 * Returns the error that the user should see. The SDK wraps the errors of its transport. The errors of this
 * package, and the reason of an aborted signal, are unwrapped.
 */
function unwrapped(error: unknown, signal: AbortSignal | undefined): unknown {
  const seen = new Set<unknown>();
  for (let current = error; !seen.has(current); current = causeOf(current)) {
    if (isCircuitBreakerError(current)) return current;
    if (signal?.aborted && current === signal.reason) return current;
    seen.add(current);
  }
  return error;
}

function causeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
}
