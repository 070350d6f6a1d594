/** Rules for the session to the engine and for the engine's own state. */

import type { Outcome } from "../vocabulary.js";
import type { AttributionRule, FailureReading } from "./rule.js";

/** Words of HTTP clients that only SDKs use, and only for their session. */
const SDK_CLIENTS = [
  "httpx.",
  "gql.transport",
  "graphql_client",
  "guzzlehttp",
  "mint.transport",
  "clientconnectionerror",
  "io.dagger.client",
  "dagger_sdk::",
];

const BROKEN: ReadonlySet<Outcome | undefined> = new Set<Outcome>([
  "unreachable",
  "interrupted",
  "server-error",
]);

const DROPPED = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];

/** Whether a host can be the session's port: loopback, or none named. */
function isSessionHost(host: string | null): boolean {
  return host === null || /^(?:127\.|localhost:|\[?::1)/.test(host);
}

/** How Node and undici say that the other end of a connection went away. */
const HUNG_UP = ["socket hang up", "other side closed", "fetch failed"];

/** Those of their words that are nobody else's, wherever they stand. */
const UNDICI_WORDS = [
  "socketerror: other side closed",
  "fetch failed",
  "invalid response body while trying to fetch",
];

/** Whether Node's HTTP client lost the session: in a line of its own, or where no URL is named. */
function fromUndici(reading: FailureReading): boolean {
  const { lower } = reading;
  const alone =
    HUNG_UP.some((word) => lower.includes(word)) &&
    /^(?:\w{0,24}error: )?(?:socket hang up|other side closed|fetch failed)$/m.test(lower);
  const told = alone || UNDICI_WORDS.some((word) => lower.includes(word) && !lower.includes("://"));
  return told && isSessionHost(reading.host);
}

/** Whether an SDK's own HTTP client failed: it talks to nobody but the session. */
function fromSessionPort(reading: FailureReading): boolean {
  const { facts } = reading;
  if (facts.operation === "withExec" || facts.operation === "service") return false;
  const dropped = facts.codes.some((code) => DROPPED.includes(code));
  if (!dropped && facts.source !== "sdk") return false;
  if (!dropped && !BROKEN.has(reading.outcome)) return false;
  if (reading.host !== null) return isSessionHost(reading.host);
  if (dropped || reading.use === undefined) return true;
  return SDK_CLIENTS.some((word) => reading.lower.includes(word));
}

export const SESSION_RULES: readonly AttributionRule[] = [
  {
    name: "session.incompatible",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The versions of the engine, the CLI and the SDK do not go together.",
    when: [
      {
        any: [
          "incompatible client version",
          "incompatible engine version",
          "incompatible module version",
        ],
      },
      { any: ["requires dagger", "engine version mismatch", "minimum engine version"] },
    ],
    examples: [
      "start session: connect session attachables: unexpected status 500: incompatible client version v0.9.3",
      "incompatible engine version v0.21.7",
    ],
    seen: "0.9 to 0.21",
  },
  {
    name: "session.attachables",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    upstream: "none",
    reason: "The engine was restarted and does not know this session any more.",
    when: {
      any: [
        "waiting for client session attachables",
        "failed to get main client caller",
        "get main client caller",
        "main client caller",
        "failed to get client caller",
        "waiting for main client",
      ],
    },
    examples: [
      "waiting for client session attachables: context deadline exceeded",
      'failed to resolve image "docker.io/library/busybox:1" (platform: "linux/amd64"): DeadlineExceeded: failed to get main client caller: context deadline exceeded',
    ],
    seen: "0.19, 0.21",
  },
  {
    name: "session.shared-result",
    fault: "engine",
    counts: true,
    transient: false,
    sessionLost: true,
    upstream: "none",
    reason: "An id belongs to a session that this engine does not know (any more).",
    when: { any: ["missing shared result"] },
    examples: [
      'arg "id": resolve ID input "engineResult(4464): Container!": resolve result 4464: missing shared result',
    ],
    seen: "0.21",
  },
  {
    name: "session.unknown",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    upstream: "none",
    reason: "The engine has lost the client's session.",
    when: [
      {
        any: [
          "no active session",
          "no active client session",
          "failed to get requester session",
          "failed to get caller session",
          "session is closing",
          "session is closed",
          "session closed",
          "session not found",
          "session has been closed",
          "unknown session",
          "no such session",
          "session healthcheck failed",
          "healthcheck failed fatally",
          "resolving credentials from session",
          "client session not found",
          "failed to get client session",
          "session no longer exists",
          "server is shutting down",
        ],
      },
      {
        any: ["session ", "client "],
        matches:
          /(?:session|client) (?:for )?"?[a-z0-9]{8,64}"? (?:was |is |has been |has )?(?:not found|closed|gone|expired)/,
      },
    ],
    examples: [
      'failed to stat path: failed to get requester session: session for "tvvi6yohdh3uaxjl9p27r1pav" not found',
      "failed to copy: httpReadSeeker: failed open: failed to authorize: no active session for r6eviii871z5hdflyxckh9y4o: context deadline exceeded",
      "failed to authorize: resolving credentials from session: context deadline exceeded",
      "failed to update rootfs: session not found",
    ],
    seen: "buildkit, 0.9 to 0.21",
  },
  {
    name: "session.shutting-down",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    upstream: "none",
    reason: "The engine is shutting down.",
    when: {
      any: [
        "engine is shutting down",
        "engine shutting down",
        "buildkitd is shutting down",
        "daemon is shutting down",
      ],
    },
    examples: ["engine is shutting down", 'Post "http://dagger/query": engine is shutting down'],
    seen: "0.21",
  },
  {
    name: "session.client-closed",
    fault: "cancelled",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "The client was closed while a call was under way.",
    when: { any: ["client closed: client.close", "client is closed: client.close"] },
    examples: ['make request: Post "http://dagger/query": client closed: Client.Close'],
    seen: "0.15 to 0.21",
  },
  {
    name: "session.proxy",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    upstream: "none",
    reason: "The CLI cannot reach the engine any more: it was killed, stopped or replaced.",
    when: { any: ["http do: "] },
    examples: [
      'http do: Post "http://dagger/query": unexpected EOF',
      'http do: Post "http://dagger/query": dial unix /run/dagger/engine.sock: connect: connection refused',
    ],
    seen: "0.15 to 0.21",
  },
  {
    name: "session.port",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    reason: "The session's own port refused or dropped the connection: its process is gone.",
    when: [
      {
        use: "engine",
        any: ["/query"],
        matches: /(?:127\.[0-9.]{3,11}|localhost|\[::1\]):[0-9]{1,5}\/query/,
        outcome: ["unreachable", "interrupted", "timeout", "server-error"],
      },
      { names: ["NotAwaitedRequestError"] },
      { any: ["notawaitedrequesterror"] },
      fromUndici,
      // A shell says "Terminated" as well: only undici's TypeError is meant.
      { any: ["typeerror: terminated"], matches: /^typeerror: terminated$/m },
      { names: ["TypeError"], matches: /^terminated$/m },
      fromSessionPort,
    ],
    examples: [
      "request to http://127.0.0.1:48356/query failed, reason: connect ECONNREFUSED 127.0.0.1:48356",
      "request to http://127.0.0.1:37260/query failed, reason: socket hang up",
      "Server error '502 Bad Gateway' for url 'http://127.0.0.1:33082/query'",
      "TypeError: terminated",
    ],
    seen: "all SDKs",
  },
  {
    name: "session.dropped-stream",
    fault: "engine",
    counts: true,
    transient: true,
    reason: "The stream between the client and the engine broke.",
    when: [
      {
        any: [
          '"http://dagger/',
          "connect session attachables",
          "connect to sse",
          "failed to connect to dagger",
        ],
        outcome: ["unreachable", "interrupted", "timeout", "deadline", "server-error"],
      },
      {
        any: [
          "the client connection is closing",
          "error reading from server",
          "timed out waiting for server handshake",
          "error reading preface",
          "sendmsg called after closesend",
          "stream terminated by rst_stream",
          "transport is closing",
          "transport: error while dialing",
          "code = unavailable desc = connection closed",
          "code = unavailable desc = connection error",
          "unavailable: connection error",
          "latest balancer error",
          "connection closed before server preface",
          "keepalive ping failed",
          "keepalive watchdog timeout",
          "failed to receive status: rpc error: code = unavailable",
          "failed to get status: rpc error: code = unavailable",
          "closing transport due to",
          "received prior goaway",
          "error while reading from server",
          "error reading server preface",
          "grpc: the connection is",
          "frontend grpc server closed",
          "grpc: addrconn",
        ],
        none: ["x509:", "executable file not found", "tls: failed to verify"],
      },
      { any: ["http2: client conn"], none: ["://"] },
    ],
    examples: [
      "failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
      "ERROR: failed to solve: Canceled: grpc: the client connection is closing",
      "failed to solve: Internal: stream terminated by RST_STREAM with error code: INTERNAL_ERROR",
      'subscribe to telemetry: connect to SSE: Get "http://dagger/v1/traces": EOF',
    ],
    seen: "buildkit, 0.3 to 0.21",
  },
];
