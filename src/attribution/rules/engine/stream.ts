/** Rules for the connection between a client and its engine: gRPC and HTTP/2. */

import { PROVIDER_WORDS, TELEMETRY_WORDS } from "../../reading/frames.js";
import type { AttributionRule } from "../rule.js";

export const STREAM_RULES: readonly AttributionRule[] = [
  {
    name: "session.dropped-stream",
    fault: "engine",
    counts: true,
    transient: true,
    reason: "The stream between the client and the engine broke.",
    when: [
      {
        any: ['"http://dagger/'],
        use: "engine",
        outcome: ["unreachable", "interrupted", "timeout", "deadline", "server-error"],
      },
      {
        any: ["connect session attachables", "connect to sse", "failed to connect to dagger"],
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
        none: [
          "x509:",
          "executable file not found",
          "tls: failed to verify",
          ...TELEMETRY_WORDS,
          ...PROVIDER_WORDS,
        ],
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
