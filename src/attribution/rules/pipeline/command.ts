/**
 * Rules for commands of the pipeline that exited with an error. They are tried early, because the command's
 * output may contain words of later rules.
 */

import { COMMAND_FAILED } from "../../failure.js";
import { lacksAccess } from "../engine/stopped.js";
import type { AttributionRule } from "../rule.js";

/** Matches messages of Dagger, buildkit and the classic Docker builder about the exit of a command. */
const ENDED =
  /(?:^|[\s!:"│┃])exit code: -?[0-9]{1,10}|did not complete successfully: (?:exit (?:code|status)|signal|killed)|executor failed running \[|returned a non-zero code: [0-9]|(?:^|\n)\s{0,4}(?:uncaught )?execerror: exit code/;

const LOST_SESSION = [
  "session not found",
  "no active session",
  "failed to get requester session",
  "failed to get session",
  "get client session",
  "session attachables",
  "engine is shutting down",
  "session is closing",
];

export const COMMAND_RULES: readonly AttributionRule[] = [
  {
    name: "command.engine-pipe",
    fault: "engine",
    counts: true,
    transient: true,
    sessionLost: true,
    upstream: "none",
    reason: "The pipe into the engine's container ended: the engine is gone.",
    when: { all: ["dial-stdio", "exited"], test: (reading) => !lacksAccess(reading) },
    examples: [
      'http do: Post "http://dagger/query": command [docker exec -i dagger-engine-v0.18.8 buildctl dial-stdio] has exited with exit status 137, make sure the URL is valid',
    ],
    seen: "0.18",
  },
  {
    name: "command.service-exited",
    fault: "service",
    counts: true,
    transient: false,
    upstream: "none",
    reason: "A service that the pipeline starts ended before its health check passed.",
    when: {
      any: [
        "exited before healthcheck",
        "exited before health check",
        "service exited before",
        "before its health check",
        "exited before becoming healthy",
        "bound service exited",
        "dependent service exited",
      ],
      // The proxy between the host and a container is the engine's.
      none: ["proxy exited before"],
    },
    examples: [
      "start 4k1jd0q6u5m2s (aliased as db): service exited before healthcheck",
      "start c1p8h0q3m5 (aliased as redis): exit code: 1: service exited before healthcheck",
    ],
    seen: "0.18 to 0.21",
  },
  {
    // The runtime of a module also has a session with the engine. The client's own session may still work.
    name: "command.runtime-lost-session",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The runtime of a module lost its session to the engine.",
    when: {
      any: ['process "/runtime"'],
      test: ({ lower, output }) =>
        LOST_SESSION.some((word) => lower.includes(word) || output.includes(word)),
    },
    examples: [
      'process "/runtime" did not complete successfully: exit code: 2\nStderr:\nfailed to get requester session: session for "x1" not found',
    ],
    seen: "0.13 to 0.19",
  },
  {
    name: "command.not-startable",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The container does not have the program, folder or user that the pipeline asks for.",
    when: {
      any: [
        "unable to start container process",
        "starting container process caused",
        "runc run failed",
        "runc create failed",
        "oci runtime",
      ],
      none: ["start engine"],
      matches:
        /exec: \\?"[^"\n]{1,512}": (?:executable file not found|stat |permission denied|no such file|is a directory)|exec \S{1,512}: (?:no such file or directory|permission denied|exec format error)|exec format error|chdir to cwd \([^\n]{1,512}(?:no such file|permission denied|not a directory)|unable to find user|no matching entries in passwd/,
    },
    examples: [
      'runc run failed: unable to start container process: exec: "bash": executable file not found in $PATH',
      'OCI runtime create failed: runc create failed: unable to start container process: chdir to cwd ("/app") set in config.json failed: permission denied',
    ],
    seen: "runc, 0.3 to 0.21",
  },
  {
    name: "command.not-started",
    fault: "engine",
    counts: true,
    transient: false,
    upstream: "none",
    reason:
      "The engine could not set up the command's container: a mount, its network or its disk.",
    when: [
      {
        any: ["did not complete successfully: "],
        none: ["did not complete successfully: exit code"],
        matches:
          /did not complete successfully: [^\n]{0,400}(?:mount|network|cni |no space left|input\/output error|read-only file system|shim|runc)/,
      },
      { any: ["container init caused"], all: ["mounting "] },
      { all: ["error during container init", "mounting"] },
    ],
    examples: [
      'process "/bin/sh -c make" did not complete successfully: failed to mount /tmp/buildkit-mount1: no space left on device',
      'container_linux.go:348: starting container process caused "process_linux.go:402: container init caused \\"rootfs_linux.go:57: mounting /var/lib/buildkit/x to rootfs caused no such file or directory\\""\nexecutor failed running [cp -a /src/. /dest/]: exit code 1',
    ],
    seen: "buildkit 0.6 to 0.21",
  },
  {
    name: "command.cancelled",
    fault: "cancelled",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "A command was stopped before it ended by itself.",
    when: {
      any: ["did not complete successfully: "],
      matches: /did not complete successfully: (?:exit code: [0-9]{1,3}: )?(?:context )?canceled/,
    },
    examples: [
      'process "make test" did not complete successfully: context canceled',
      'process "make test" did not complete successfully: exit code: 137: context canceled',
    ],
    seen: "buildkit, 0.3 to 0.19",
  },
  {
    name: COMMAND_FAILED,
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A command of the pipeline ended with an exit code that means failure.",
    when: [
      { type: ["EXEC_ERROR"] },
      { exitCode: true, names: ["ExecError"] },
      { names: ["ExecError"], codes: ["D109"] },
      {
        any: [
          "exit code: ",
          "did not complete successfully: ",
          "executor failed running [",
          "returned a non-zero code: ",
        ],
        matches: ENDED,
      },
    ],
    examples: [
      "exit code: 3",
      'process "npm test" did not complete successfully: exit code: 1\nStderr:\nReceived: "503 Service Unavailable"',
      "executor failed running [/bin/sh -c node build.js]: exit code: 137",
      "The command '/bin/sh -c ./setup.sh' returned a non-zero code: 137",
      "start 4k1jd0q6u5m2s (aliased as db): exit code: 4",
    ],
    seen: "0.3 to 0.21, buildkit, docker",
  },
];
