/** Rules for failures to start an engine or to connect to it. */

import { MISTAKE_WORDS } from "../pipeline/mistake-words.js";
import type { AttributionRule } from "../rule.js";
import { CONNECT_FRAMES, ENGINE_SILENT, START_FAILED } from "./connect-words.js";
import { lacksAccess, reportsOnlyStop } from "./stopped.js";

const DOCKER_DOWN = [
  "cannot connect to the docker daemon",
  "is the docker daemon running",
  "failed to run command [docker version]",
  "docker daemon is not running",
  "docker desktop is not running",
  "docker desktop is unable to start",
  "error during connect",
  "dial unix /var/run/docker.sock: connect: connection refused",
  "dial unix /var/run/docker.sock: connect: no such file",
  "docker_engine",
  "failed to connect to the docker api",
  "for api route and version",
  "/pipe/docker",
  "%2fpipe%2fdocker",
  "\\pipe\\docker",
  "docker desktop is paused",
  "cannot connect to podman",
  "failed to run command [docker info]",
  "failed to run command [docker ps",
];

/** Words of a text in which a program or a connection failed, and not the caller's setting. */
const PROGRAM_OR_LINE = [
  "exit status",
  "exit code",
  "signal: ",
  "daemon",
  "container",
  "connection error",
  "rpc error",
  "dial ",
  "buildkit",
];

/**
 * Names of rules that match because a program such as `docker` failed during the start of an engine. The
 * program's output in the log may show the cause.
 */
export const PROGRAM_FAILED: ReadonlySet<string> = new Set([
  "connect.docker-down",
  "connect.start-failed",
]);

export const CONNECT_RULES: readonly AttributionRule[] = [
  {
    name: "connect.interrupted",
    fault: "cancelled",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "Connecting was interrupted.",
    when: { any: [...START_FAILED, ...ENGINE_SILENT], test: reportsOnlyStop },
    examples: [
      "start engine: new client: interrupted",
      "start engine: failed to pull image: context canceled",
      "start engine: failed to run container: signal: interrupt",
    ],
    seen: "0.18 to 0.21",
  },
  {
    name: "connect.not-installed",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The container runtime is not installed, not allowed, or not one that Dagger knows.",
    when: [
      {
        any: ["executable file not found"],
        matches:
          /exec: \\?"(?:docker|podman|nerdctl|container|kubectl|buildctl|finch)\\?": executable file not found/,
      },
      // The cluster or the daemon refused the caller, so the pipe into the engine was never opened.
      { all: ["dial-stdio", "exited"], test: lacksAccess },
      { any: CONNECT_FRAMES, test: (one) => one.use === undefined && lacksAccess(one) },
      {
        any: [
          "docker: command not found",
          "docker: not found",
          "could not be found in this wsl",
          "driver for scheme",
          "permission denied while trying to connect to the docker",
          "got permission denied while trying to connect",
          "docker.sock: connect: permission denied",
          "unsupported engine scheme",
          "unknown runner host",
          "invalid runner host",
          "_experimental_dagger_runner_host",
          "no container runtime",
          "no supported container runtime",
        ],
      },
    ],
    examples: [
      'start engine: driver for scheme "image" was not available',
      'connection error: desc = "transport: Error while dialing: exec: \\"docker\\": executable file not found in $PATH"',
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    ],
    seen: "0.3 to 0.21",
  },
  {
    name: "connect.setting",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A setting for reaching the engine is wrong or missing on the caller's side.",
    when: {
      any: CONNECT_FRAMES,
      matches:
        /(?:client )?certificate from |(?:tls|x509) (?:config|key pair)|private key|pem data|\.(?:pem|crt|cer|key): |tls: (?:bad certificate|certificate required|unknown certificate)|kubeconfig|\.kube\/config|\.docker\/(?:config|contexts)|(?:cert|key|ca)\.pem: |context "?[\w.-]{1,128}"? (?:does not exist|not found)|no such context|unsupported |unknown driver|invalid (?:runner|engine|url|host|address)|missing (?:host|port|scheme)/,
    },
    examples: [
      "start engine: kubeconfig: stat /home/ci/.kube/config: permission denied",
      "start engine: failed to build TLS config: failed to read client certificate from /etc/ci/tls.crt: open /etc/ci/tls.crt: no such file or directory",
    ],
    seen: "0.9 to 0.21",
  },
  {
    name: "connect.no-engine",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A program that is not an engine answers at the engine's address.",
    when: {
      any: CONNECT_FRAMES,
      matches:
        /malformed http response|frame too large|looked like an http\/1|does not look like a tls handshake|gave http response|unexpected content-type|unknown service |code = unimplemented|status code received from server: 4[0-9]{2}/,
    },
    examples: [
      'start engine: get info: malformed HTTP response "SSH-2.0-OpenSSH_9.6"',
      'start engine: connection error: desc = "error reading server preface: http2: frame too large"',
    ],
    seen: "0.18 to 0.21",
  },
  {
    name: "connect.not-logged-in",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "Dagger Cloud wants a login or a token.",
    when: { any: ["dagger login", "dagger_cloud_token", "no user logged in", "no org associated"] },
    examples: [
      "start engine: new client: please run `dagger login <org>` first or configure a DAGGER_CLOUD_TOKEN",
    ],
    seen: "0.18 to 0.21",
  },
  {
    name: "connect.docker-down",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The container runtime that the engine runs on does not answer.",
    when: [
      { any: DOCKER_DOWN },
      {
        any: ["dial unix "],
        matches:
          /dial unix [^\s:]{0,256}(?:docker|podman|nerdctl|containerd|finch)[^\s:]{0,256}: connect: (?:connection refused|no such file)/,
      },
    ],
    examples: [
      "Error: new client: failed to run container: docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?.",
      "start engine: failed to run command [docker version]: exit status 1",
    ],
    seen: "0.3 to 0.21",
  },
  {
    name: "connect.untrusted",
    fault: "user",
    counts: false,
    transient: false,
    reason: "The engine's certificate is not trusted here.",
    when: [
      {
        any: [
          "code = unavailable",
          "unavailable: connection error",
          "transport: authentication handshake failed",
        ],
        outcome: ["untrusted-certificate"],
        none: ["failed to do request"],
      },
      {
        any: ["start engine: ", "connect provided buildkit", "failed to list workers"],
        outcome: ["untrusted-certificate"],
      },
    ],
    examples: [
      'failed to list workers: Unavailable: connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"',
    ],
    seen: "buildkit, 0.11 to 0.21",
  },
];

/**
 * Rules that are tried after the rules for registries. If a registry did not deliver the engine's image, the
 * registry is at fault.
 */
export const CONNECT_LAST_RULES: readonly AttributionRule[] = [
  {
    name: "connect.no-answer",
    fault: "engine",
    counts: true,
    transient: true,
    reason: "The engine does not answer.",
    when: [
      { any: ENGINE_SILENT },
      {
        any: ["engine.sock", "buildkitd.sock"],
        matches: /(?:dial unix |unix:\/\/)\S{0,256}\.sock/,
      },
      {
        any: ["start engine: ", "new client: ", "connect to engine"],
        outcome: ["unreachable", "timeout", "interrupted", "deadline"],
        none: ["exit status", "exit code"],
      },
      { names: ["EngineSessionConnectionTimeoutError"] },
    ],
    examples: [
      "EngineSessionConnectionTimeoutError: Engine connection timeout",
      "Error: build new buildkitd client: connect provided buildkit: timeout 1m0s: could not connect to buildkit: timeout: buildkitd did not respond (in time)",
    ],
    seen: "0.3 to 0.21",
  },
  {
    name: "connect.mistake",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The engine was not started, because a setting on the caller's side is wrong.",
    when: [
      {
        any: CONNECT_FRAMES,
        none: PROGRAM_OR_LINE,
        outcome: ["none"],
        test: (reading) => reading.has(MISTAKE_WORDS),
      },
      {
        any: CONNECT_FRAMES,
        none: PROGRAM_OR_LINE,
        outcome: ["missing", "rejected", "unasked"],
      },
    ],
    examples: [
      "start engine: TLS driver requires a host in the URL",
      'start engine: failed to set current org from OIDC token: org "acme" not found',
    ],
    seen: "0.21, 1.0",
  },
  {
    name: "connect.start-failed",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine could not be started.",
    when: [
      { any: START_FAILED },
      {
        operation: ["connect"],
        any: ["error response from daemon"],
        none: ["permission denied", "invalid ", "not supported"],
      },
      {
        names: [
          "EngineSessionError",
          "EngineSessionConnectParamsParseError",
          "EngineSessionEOFError",
        ],
      },
    ],
    examples: [
      "EngineSessionError: Error: start engine: new client: failed to run container: failed to run command: exit status 125",
      "dagger.exceptions.SessionError: Failed to start Dagger engine session: Command 'dagger session' returned non-zero exit status 1.",
    ],
    seen: "0.3 to 0.21",
  },
];
