/** The result of a classification, and the facts that a caller can pass to the classifier. */

/** The component at fault. */
export type Fault =
  /**
   * The Dagger engine, its session, the CLI's connection to the engine, or the container runtime that runs
   * the engine.
   */
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
  /** No component: a user or a program stopped the work. */
  | "cancelled"
  /** A cache backend or the telemetry service. */
  | "cloud"
  /** Nothing in the text identifies the component at fault. */
  | "unknown";

/** The kinds of host that have a circuit of their own. */
export type UpstreamKind = "registry" | "git" | "http";

/**
 * The classification of a failure. It can contain a host name from the text of the failure, but no other part
 * of the text.
 */
export interface Failure {
  readonly fault: Fault;
  /**
   * The host that failed or that rejected the request, as the error names it, with any port other than the
   * default. Null if no host is known.
   */
  readonly upstream: string | null;
  /**
   * The kind of host that the failure is about, even if `upstream` is null. Null if hosts of that kind have
   * no circuit.
   */
  readonly upstreamKind: UpstreamKind | null;
  /** Whether the circuit breaker of the component at fault counts this as a failure. */
  readonly counts: boolean;
  /** Whether the failure is a rate limit: status 429, or a message with the same meaning. */
  readonly limited: boolean;
  /** Whether the same call may succeed later without any change. */
  readonly transient: boolean;
  /**
   * The delay before a retry, in milliseconds, that the server or a rejecting circuit asked for. Null if
   * neither asked for a delay.
   */
  readonly retryAfterMs: number | null;
  /**
   * Whether the upstream gave a proper answer, such as 401, 403 or 404. Its circuit counts such an answer as
   * a success.
   */
  readonly answered: boolean;
  /**
   * The host that the output of a failed command suggests as the cause, or null. It is advice for people and
   * never counts.
   */
  readonly suspectedUpstream: string | null;
  /** Whether the session to the engine is lost for good, so that only a new connection helps. */
  readonly sessionLost: boolean;
  /** The name of the rule that matched. */
  readonly rule: string;
  /** A fixed sentence about what happened, which comes from the rule. */
  readonly reason: string;
}

/**
 * The name of the rule for a command of the pipeline that exited with an error. Everything before the command
 * had worked.
 */
export const COMMAND_FAILED = "command.failed";

/**
 * The name of the rule for an id that the session does not know. The message does not show whether the caller
 * or the engine lost the id.
 */
export const ID_UNKNOWN = "user.unknown-id";

/** Facts about a failure that its message does not contain. All fields are optional. */
export interface FailureContext {
  /**
   * The operation: `"from"`, `"publish"`, `"git"`, `"http"`, `"module"`, `"withExec"`, `"service"`,
   * `"cache"`, `"export"`, `"connect"`. No rule of the package uses another value. Default: the operation in
   * the path of a GraphQL error.
   */
  readonly operation?: string | undefined;
  /**
   * The source of the message: `"sdk"`, `"cli"`, `"buildkit"`, `"engine-log"`. With `"sdk"`, a lost
   * connection can be attributed to the session.
   */
  readonly source?: string | undefined;
  /**
   * The GraphQL request: the document as a text, or the body as an object. If the message names no host, the
   * only host of the right kind in the request is the upstream.
   */
  readonly query?: string | GraphQLRequest | undefined;
  /**
   * The exit code of the `dagger` command whose output is classified. A code above 1 comes from a failed
   * command of the pipeline.
   */
  readonly exitCode?: number | undefined;
  /**
   * The `dagger` command line whose output is classified: a text, or an array of words that starts with the
   * program. If the message names no host, the only host of the right kind in the command line is the
   * upstream.
   */
  readonly command?: string | readonly string[] | undefined;
  /** The standard input of `command`: the document of `dagger query`, or a script. */
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
