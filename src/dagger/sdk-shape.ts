/**
 * Describes and checks the internal fields of the SDK that a guard uses. They are few, and are checked
 * before use.
 */

import { CircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import { show } from "../options/check.js";

/**
 * The `fetch` that graphql-request calls. The body is always a string, and the headers are always a
 * `Headers` object.
 */
export type Fetch = (url: string | URL, init: FetchInit) => Promise<Response>;

/** The second argument of `Fetch`. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: string;
}

/** The GraphQL client of a connection, as far as a guard uses it. */
export interface SdkGraphQLClient {
  readonly url: string;
  readonly requestConfig: { readonly fetch?: unknown };
}

/**
 * An object that returns the GraphQL client of a connection. Between sessions, the connection of `dag` has
 * no client.
 */
export interface SdkConnection {
  getGQLClient(): SdkGraphQLClient;
}

/** The chain of operations of an SDK object, and the connection that sends them. */
export interface SdkContext {
  readonly _queryTree: readonly unknown[];
  readonly _connection: SdkConnection;
  execute(): Promise<unknown>;
}

/** The class of a context. */
export type SdkContextClass = new (
  queryTree: readonly unknown[],
  connection: SdkConnection,
) => SdkContext;

/** Any object of the SDK, such as a client, a container or a directory. */
export interface SdkObject {
  _ctx: SdkContext;
}

/**
 * The error for a version of the SDK whose internal structure is unknown. It is thrown before the first
 * request, so that no request runs unguarded. `code` is `"UNSUPPORTED_SDK"`.
 */
export class UnsupportedSdkError extends CircuitBreakerError {
  constructor(field: string, found: unknown, expected: string) {
    super(
      `this version of @dagger.io/dagger is not supported: ${field} is ${show(found)}, expected ${expected} ` +
        "(known to work: 0.19.11, 0.20.0, 0.21.9 and 1.0.0-beta.14)",
      "UNSUPPORTED_SDK",
    );
  }

  static {
    nameErrorClass(UnsupportedSdkError, "UnsupportedSdkError");
  }
}

/**
 * Checks that a value is an object of the SDK with a usable context.
 *
 * @throws TypeError if the value is not an object; UnsupportedSdkError if the object has an unknown
 * structure.
 */
export function checkSdkObject(value: unknown): SdkObject {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`client is ${show(value)}, expected a client of the Dagger SDK`);
  }
  const context = field(value, "_ctx", "client._ctx", "object");
  if (!Array.isArray(field(context, "_queryTree", "client._ctx._queryTree", "object"))) {
    throw new UnsupportedSdkError("client._ctx._queryTree", "an object", "an array");
  }
  for (const method of ["execute", "select", "getGQLClient"]) {
    field(context, method, `client._ctx.${method}`, "function");
  }
  const connection = field(context, "_connection", "client._ctx._connection", "object");
  field(connection, "getGQLClient", "client._ctx._connection.getGQLClient", "function");
  return value as SdkObject;
}

/**
 * Checks the GraphQL client of a connection.
 *
 * @throws UnsupportedSdkError if a field is missing or has another type.
 */
export function checkGraphQLClient(client: object): SdkGraphQLClient {
  field(client, "url", "GraphQLClient.url", "string");
  const config = field(client, "requestConfig", "GraphQLClient.requestConfig", "object");
  field(config, "fetch", "GraphQLClient.requestConfig.fetch", "function");
  return client as SdkGraphQLClient;
}

function field(owner: object, key: string, path: string, type: "object"): object;
function field(owner: object, key: string, path: string, type: "function" | "string"): unknown;
function field(owner: object, key: string, path: string, type: string): unknown {
  const value = (owner as Record<string, unknown>)[key];
  if (typeof value === type && value !== null) return value;
  throw new UnsupportedSdkError(path, value, `${type === "object" ? "an" : "a"} ${type}`);
}
