/** Rules for a lost or rejected session with the engine. */

import { ID_UNKNOWN } from "../../failure.js";
import type { WordedOutcome } from "../../reading/words/vocabulary.js";
import type { AttributionRule, FailureReading } from "../rule.js";

/** Words of the HTTP clients with which SDKs connect to the session. */
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

/** Words of SDK clients that no other program prints. They count in any text. */
const DAGGER_CLIENTS = [
  "gql.transport",
  "dagger.clientconnectionerror",
  "dagger.transporterror",
  "dagger._exceptions.transporterror",
  "io.dagger.client",
  "dagger_sdk::",
];

const BROKEN: ReadonlySet<WordedOutcome | undefined> = new Set<WordedOutcome>([
  "unreachable",
  "interrupted",
  "server-error",
]);

/** Outcomes of an exchange that lost its connection or exceeded its deadline. */
const LOST: readonly WordedOutcome[] = ["unreachable", "interrupted", "timeout", "deadline"];

const DROPPED = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];

/** Returns whether a host can be the host of the session: a loopback address, or an unknown host. */
function isSessionHost(host: string | null): boolean {
  return host === null || /^(?:127\.|localhost:|\[?::1)/.test(host);
}

/** Matches a line that is only a message of Node or undici about a connection that the other end closed. */
const HUNG_UP = /^\W{0,8}(?:\w{0,24}error: )?(?:socket hang up|other side closed|fetch failed)$/m;

/** Matches messages that only undici prints, at the start of a message. */
const UNDICI_WORDS =
  /(?:^|[:"] ?"?)(?:(?:\w{0,24}error: )?fetch failed|socketerror: other side closed)|invalid response body while trying to fetch|typeerror: terminated(?=$|["'\\:\n])/m;

/**
 * Returns whether Node's HTTP client lost the session. The client's message must be alone on a line, or the
 * text must contain no URL.
 */
function fromUndici(reading: FailureReading): boolean {
  const { lower } = reading;
  if (reading.use === "http") return false;
  const told = HUNG_UP.test(lower) || (!lower.includes("://") && UNDICI_WORDS.test(lower));
  return told && isSessionHost(reading.host);
}

const NODE_WORDS = [
  "socket hang up",
  "other side closed",
  "fetch failed",
  "while trying to fetch",
  // Shells also print "Terminated", but only undici prints this prefix.
  "typeerror: terminated",
];

/** Returns whether the HTTP client of an SDK failed. This client connects only to the session. */
function fromSessionPort(reading: FailureReading): boolean {
  const { facts } = reading;
  if (facts.operation === "withExec" || facts.operation === "service") return false;
  if (reading.use === "cloud") return false;
  const dropped = facts.codes.some((code) => DROPPED.includes(code));
  if (!dropped && facts.source !== "sdk" && !reading.has(DAGGER_CLIENTS)) return false;
  if (!dropped && !BROKEN.has(reading.outcome)) return false;
  if (reading.host !== null) return isSessionHost(reading.host);
  if (dropped || reading.use === undefined) return true;
  return reading.has(SDK_CLIENTS);
}

/** Messages about services that the engine needs from the client, such as access to files. */
const CALLER_WORDS = [
  "waiting for client session attachables",
  "get main client caller",
  "main client caller",
  "failed to get client caller",
  "waiting for main client",
];

/** The engine's messages about the session of the client that sent the request. */
const CLIENT_SESSION_WORDS = [
  "no active session",
  "no active client session",
  "failed to get requester session",
  "failed to get caller session",
  "session healthcheck failed",
  "healthcheck failed fatally",
  "resolving credentials from session",
  "client session not found",
  "failed to get client session",
];

/** Words about any session, which may also be the session of a module. */
const SESSION_WORDS = [
  "session is closing",
  "session is closed",
  "session closed",
  "session not found",
  "session has been closed",
  "unknown session",
  "no such session",
  "session no longer exists",
  "server is shutting down",
];

export const SESSION_RULES: readonly AttributionRule[] = [
  {
    name: "session.incompatible",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The versions of the engine, the CLI and the SDK are not compatible.",
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
    reason: "The engine was restarted and no longer knows this session.",
    when: { any: CALLER_WORDS, outcome: LOST },
    examples: [
      "waiting for client session attachables: context deadline exceeded",
      'failed to resolve image "docker.io/library/busybox:1" (platform: "linux/amd64"): DeadlineExceeded: failed to get main client caller: context deadline exceeded',
    ],
    seen: "0.19, 0.21",
  },
  {
    // The rule is a user error, because an invented id and an id of an old session give the same message.
    name: ID_UNKNOWN,
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The request holds an id that this session does not know.",
    when: { any: ["missing shared result"], matches: /\barg "[^"\n]{1,128}": |resolve id input/ },
    examples: [
      'arg "id": resolve ID input "engineResult(4464): Container!": resolve result 4464: missing shared result',
    ],
    seen: "0.21, 1.0",
  },
  {
    name: "session.shared-result",
    fault: "engine",
    counts: true,
    transient: false,
    upstream: "none",
    reason: "The engine has lost a result of its own.",
    when: { any: ["missing shared result"] },
    examples: ["failed to get function result: missing shared result"],
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
    when: { any: CLIENT_SESSION_WORDS, outcome: LOST },
    examples: [
      "failed to copy: httpReadSeeker: failed open: failed to authorize: no active session for r6eviii871z5hdflyxckh9y4o: context deadline exceeded",
      "failed to authorize: resolving credentials from session: context deadline exceeded",
    ],
    seen: "buildkit, 0.9 to 0.21",
  },
  {
    // The message may be about another session, such as a module's or a login's. The client's own session may
    // still work.
    name: "session.other",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine does not know a session; it may not be the client's own session.",
    when: [
      { any: CLIENT_SESSION_WORDS },
      // These words count only outside an answer (`bare`). In an answer, a module may use the words for
      // another session.
      { bare: true, any: SESSION_WORDS },
      {
        any: ["session ", "client "],
        matches:
          /(?:session|client) (?:for )?"?[a-z0-9]{8,64}"? (?:was |is |has been |has )?(?:not found|closed|gone|expired)/,
      },
    ],
    examples: [
      'failed to stat path: failed to get requester session: session for "tvvi6yohdh3uaxjl9p27r1pav" not found',
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
      matches: /(?:^|: |! )(?:engine|buildkitd|daemon) (?:is )?shutting down(?::|\W{0,4}$)/m,
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
    reason: "The CLI can no longer reach the engine: it was killed, stopped or replaced.",
    when: {
      any: ["http do: "],
      matches: /http do: (?:[a-z]{3,7} "http:\/\/dagger\/|[^\n]{0,200}(?:dial-stdio|engine\.sock))/,
      test: ({ outcome }) => outcome !== "cancelled",
    },
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
      { bare: true, any: NODE_WORDS, test: fromUndici },
      { bare: true, names: ["TypeError"], matches: /^terminated$/m },
      { bare: true, test: fromSessionPort },
    ],
    examples: [
      "request to http://127.0.0.1:48356/query failed, reason: connect ECONNREFUSED 127.0.0.1:48356",
      "request to http://127.0.0.1:37260/query failed, reason: socket hang up",
      "Server error '502 Bad Gateway' for url 'http://127.0.0.1:33082/query'",
      "TypeError: terminated",
    ],
    seen: "all SDKs",
  },
];
