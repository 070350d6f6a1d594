/** What attribution says about a failure, and what it may be told about it. */

/** Who a failure is to be blamed on. */
export type Fault =
  /** The Dagger engine, its session, its CLI's link to it, or the container runtime under it. */
  | "engine"
  /** A container registry, its token server or its CDN. */
  | "registry"
  /** A git host. */
  | "git"
  /** Any other HTTP server that the engine or the SDK asked. */
  | "http"
  /** A service that the pipeline itself starts. */
  | "service"
  /** The pipeline: a command that failed, a wrong name, a missing permission, a wrong setting. */
  | "user"
  /** Somebody stopped it. */
  | "cancelled"
  /** A cache back end or the telemetry service. */
  | "cloud"
  /** The words do not tell. */
  | "unknown";

/** The kinds of host that have a circuit of their own. */
export type UpstreamKind = "registry" | "git" | "http";

/** Whose fault a failure is. Nothing in it holds text of the failure itself but host names. */
export interface Failure {
  readonly fault: Fault;
  /** The host that failed or refused, as printed, with its port unless it is the default; else null. */
  readonly upstream: string | null;
  /** The kind of {@link Failure.upstream}, when it is one that has a circuit; else null. */
  readonly upstreamKind: UpstreamKind | null;
  /** Whether a circuit breaker of the one at fault should count this as a failure. */
  readonly counts: boolean;
  /** Whether it is a rate limit: a 429 or its words. */
  readonly limited: boolean;
  /** Whether the same call may well succeed later without anybody doing anything. */
  readonly transient: boolean;
  /** Milliseconds that the server asked to wait; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** Whether the upstream answered (401, 403, 404 and the like): for its circuit a success. */
  readonly answered: boolean;
  /** For a command that failed, the host its output blames: advice for people, never counted. */
  readonly suspectedUpstream: string | null;
  /** Whether the session to the engine is gone for good, so that only a new connection helps. */
  readonly sessionLost: boolean;
  /** The name of the rule that decided. */
  readonly rule: string;
  /** What happened, in a fixed sentence of that rule. */
  readonly reason: string;
}

/** The name of the rule of commands that failed: everything before the command worked. */
export const COMMAND_FAILED = "command.failed";

/** The name of the rule of ids that a session does not know: whose they are, the words cannot tell. */
export const ID_UNKNOWN = "user.unknown-id";

/** What is known of a failure besides its words. All of it is optional. */
export interface FailureContext {
  /**
   * What was being done: `"from"`, `"publish"`, `"git"`, `"http"`, `"module"`, `"withExec"`,
   * `"service"`, `"cache"`, `"export"`, `"connect"`; anything else is as good as not given.
   */
  readonly operation?: string | undefined;
  /** Who worded it: `"sdk"`, `"cli"`, `"buildkit"`, `"engine-log"`. `"cli"` makes `exitCode` tell more. */
  readonly source?: string | undefined;
  /** The GraphQL request, as text or as the body's object; its hosts help where the words name none. */
  readonly query?: string | GraphQLRequest | undefined;
  /** The exit code of the `dagger` command whose output is classified. */
  readonly exitCode?: number | undefined;
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
  /** The body as text; a parsed JSON value is taken as well. */
  readonly body?: unknown;
}
