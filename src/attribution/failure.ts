/** The result of classification, and the facts that a caller can pass to it. */

/** The component at fault. */
export type Fault =
  /** The Dagger engine, its session, its CLI's link to it, or the container runtime under it. */
  | "engine"
  /** A container registry, its token server or its CDN. */
  | "registry"
  /** A git host. */
  | "git"
  /** Any other HTTP server that the engine or the SDK contacted. */
  | "http"
  /** A service that the pipeline starts. */
  | "service"
  /** The pipeline: a failed command, a wrong name, a missing permission, a wrong setting. */
  | "user"
  /** Nothing failed by itself: a user or a program stopped the work. */
  | "cancelled"
  /** A cache backend or the telemetry service. */
  | "cloud"
  /** Nothing in the words identifies the component at fault. */
  | "unknown";

/** The kinds of host that have a circuit of their own. */
export type UpstreamKind = "registry" | "git" | "http";

/**
 * The classification of a failure. From the text of the failure it contains only host names, never other
 * parts.
 */
export interface Failure {
  readonly fault: Fault;
  /**
   * The host that failed, or that rejected the request, as printed. It includes a port that is not the
   * default. Null if no host is known.
   */
  readonly upstream: string | null;
  /** The kind of `upstream`, if hosts of that kind have a circuit; else null. */
  readonly upstreamKind: UpstreamKind | null;
  /** Whether the circuit breaker of the component at fault counts this as a failure. */
  readonly counts: boolean;
  /** Whether this is a rate limit: status 429, or words to that effect. */
  readonly limited: boolean;
  /** Whether the same call may succeed later without any change. */
  readonly transient: boolean;
  /** The delay that the server asked for, in milliseconds; null if it named none. */
  readonly retryAfterMs: number | null;
  /**
   * Whether the upstream gave a proper answer (401, 403, 404 and the like). Its circuit counts that as a
   * success.
   */
  readonly answered: boolean;
  /** The host that the output of a failed command points to: advice for people, never counted. */
  readonly suspectedUpstream: string | null;
  /** Whether the session to the engine is lost for good, so that only a new connection helps. */
  readonly sessionLost: boolean;
  /** The name of the rule that decided. */
  readonly rule: string;
  /** A fixed sentence about what happened, from the rule. */
  readonly reason: string;
}

/** The rule for a command of the pipeline that exited with an error. Everything before it had worked. */
export const COMMAND_FAILED = "command.failed";

/**
 * The rule for an id that the session does not know. The message does not show whether the caller or the
 * engine lost it.
 */
export const ID_UNKNOWN = "user.unknown-id";

/** Facts about a failure besides its message. All are optional. */
export interface FailureContext {
  /**
   * The operation: `"from"`, `"publish"`, `"git"`, `"http"`, `"module"`, `"withExec"`, `"service"`,
   * `"cache"`, `"export"`, `"connect"`. Other values are ignored.
   */
  readonly operation?: string | undefined;
  /**
   * Where the message comes from: `"sdk"`, `"cli"`, `"buildkit"`, `"engine-log"`. With `"cli"`, `exitCode`
   * has more weight.
   */
  readonly source?: string | undefined;
  /**
   * The GraphQL request, as text or as the object of the body. If the message names no host, a host of the
   * request is used.
   */
  readonly query?: string | GraphQLRequest | undefined;
  /** The exit code of the `dagger` command whose output is classified. */
  readonly exitCode?: number | undefined;
  /**
   * The `dagger` command line whose output is classified: an array of words with the program first, or a
   * text. If the message names no host, the command line's only host of the right kind is the upstream.
   */
  readonly command?: string | readonly string[] | undefined;
  /** The standard input of that command: the document of `dagger query`, or a script. */
  readonly input?: string | undefined;
}

/** The body of a GraphQL request. */
export interface GraphQLRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
}

/** An HTTP answer of a Dagger session to `POST /query`. */
export interface SessionResponse {
  readonly status: number;
  readonly contentType?: string | null | undefined;
  /** The body, as text or as a parsed JSON value. */
  readonly body?: unknown;
}
