/**
 * Rules for failures of the engine itself, such as a full disk, a broken state, a failed machine or a bug.
 */

import type { AttributionRule, FailureReading } from "../rule.js";

const UPSTREAM_FRAMES = [
  "failed to do request",
  "unexpected status from ",
  "failed to fetch oauth token",
  "failed to fetch anonymous token",
  "httpreadseeker",
];

const GO_OUT_OF =
  /fatal error: (?:newosproc|runtime: (?:out of memory|cannot allocate)|out of memory)|failed to create new os thread/;

/** Parts of a Go stack trace that occur only in the engine's code. */
const ENGINE_CODE = [
  "github.com/dagger/dagger/",
  "go.dagger.io/",
  "github.com/moby/buildkit/",
  "dagql",
  "panic while resolving",
  "resolver panic",
];

const PANICS = [
  "panic while resolving",
  "panic in resolver",
  "runtime error: invalid memory address",
  "runtime error: index out of range",
  "runtime error: slice bounds",
];

/**
 * Returns whether the engine's code panicked without a failed exchange. If an exchange failed, the rules for
 * its host decide.
 */
function panicsInEngine(reading: FailureReading): boolean {
  if (!reading.has(ENGINE_CODE)) return false;
  return reading.use === undefined || reading.outcome === undefined;
}

export const ENGINE_RULES: readonly AttributionRule[] = [
  {
    name: "engine.disk-full",
    fault: "engine",
    counts: true,
    transient: false,
    upstream: "none",
    reason: "The disk under the engine is full.",
    when: [
      {
        any: ["no space left on device", "disk quota exceeded", "database or disk is full"],
        matches:
          /\/var\/lib\/|\/run\/dagger|\/tmp\/(?:buildkit|containerd|\.?dagger-[a-z])|dagql|(?:client|telemetry) db|resourceexhausted|snapshot|overlay|containerd|buildkit|content store|blobs\/sha256|failed to (?:prepare|mount|commit|extract|ingest|register)|file write failed/,
        none: ["failed to receive fs changes", "error from receiver", "failed to export"],
      },
    ],
    examples: [
      "file write failed: write /var/lib/dagger/worker/snapshots/77/fs/contents: no space left on device",
      "failed to solve: ResourceExhausted: failed to create temp dir: mkdir /var/lib/docker/tmp/buildkit-mount2667628103: no space left on device",
    ],
    seen: "buildkit, 0.3 to 0.21",
  },
  {
    name: "engine.panic",
    fault: "engine",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "This query meets a bug of the engine.",
    when: [
      { any: ["panic"], test: panicsInEngine },
      // The next two conditions require that no failed host explains the panic.
      { any: PANICS, outcome: ["none", "cancelled"] },
      { any: PANICS, test: ({ host }) => host === null },
      {
        any: [
          "failed to add client resources",
          "not found in other store",
          "query has no such field",
          "call: query has no such",
        ],
      },
      { any: ["fatal error: concurrent map"] },
    ],
    examples: [
      "panic while resolving Container.from: runtime error: invalid memory address or nil pointer dereference",
      "failed to add client resources from ID: failed to add secret from source client 9oj1: secret xxh3:9de0 not found in other store",
    ],
    seen: "0.1 to 0.19",
  },
  {
    name: "engine.state",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason:
      "The engine's own state is broken: a snapshot, lease, record or layer that it should hold is gone.",
    when: [
      {
        any: [
          "failed to load cache: not found",
          "failed to get deleted record",
          "inconsistent graph state",
          "code = internal desc = not found",
          "failed to get edge",
          "invalid cache record",
          "cache record not found",
          "missing cache record",
          "database not open",
          "boltdb",
          "cannot create temporary file in engine",
          "failed to prepare extraction snapshot",
          "missing parent",
          "layer does not exist in the content store",
          "snapshotter not loaded",
          "metadata corrupted",
          "failed to create lease",
          "lease does not exist",
          "failed to stat active key during commit",
          "unlazy requires an applier",
          "failed to acquire cache lock",
          "could not lock",
          "locked for ",
          "checksum error: bolt",
          "database is locked",
          "database disk image is malformed",
          "sqlite_busy",
          "disk i/o error",
          "failed to commit snapshot",
          "failed to get state for index",
          "missing descriptor handlers",
          "failed to update lease",
          "failed to rename: file exists",
          "failed to load ref",
          "failed to compute cache key: not found",
          // The stores of engines since 1.0.
          "blob set for cache record",
          "blob metadata is stored",
          "no blobs for snapshot",
          "missing local content blob",
          "local cache state ",
          "lease scope already released",
        ],
        none: UPSTREAM_FRAMES,
      },
      {
        any: ["snapshot "],
        matches:
          /snapshot "?[a-z0-9:./_-]{1,128}(?: sha256:[0-9a-f]{6,64})?"? (?:does not exist|already exists|not found)/,
      },
      // A system error on a file of the engine, or of the daemon that runs the engine.
      {
        any: ["/var/lib/", "/run/"],
        none: ["dial unix", "://"],
        matches:
          /\/(?:var\/lib|run)\/(?:dagger|docker|buildkit|containerd)\/[^\n]{0,400}: (?:no such file|file exists|file already closed|directory not empty|not a directory|is a directory|bad file descriptor|invalid argument|operation not permitted|truncated|invalid database|checksum error|file size too small|timeout$)/m,
      },
      {
        any: [
          "failed to prepare ",
          "failed to finalize",
          "failed to stat ",
          "failed to apply diffs",
        ],
        none: [...UPSTREAM_FRAMES, "://"],
        matches:
          /failed to (?:prepare (?:sha256:|extraction|snapshot|"?[a-z0-9]{3,64}"? as )|finalize|stat (?:parent|lower|snapshot)|apply diffs)/,
      },
      {
        any: ["cache ", "store "],
        matches:
          /\b(?:dagql|engine|result|local|telemetry) (?:cache|store) (?:is )?(?:not (?:available|initialized|open)|unavailable|closed|corrupt)/,
      },
      { any: ["has no snapshot"], matches: /http state "[^"\n]{1,2048}" has no snapshot/ },
      { any: ["lease "], matches: /lease "?[a-z0-9:./_-]{1,128}"?: not found/ },
      { any: ["content digest"], matches: /content digest sha256:[0-9a-f.]{1,80}: not found/ },
      { any: ["blob sha256"], matches: /blob sha256:[0-9a-f]{8,64}:? not found/ },
      {
        any: ["content store", "blob not found"],
        none: [...UPSTREAM_FRAMES, "://"],
        matches:
          /content store: (?:[^\n]{0,400}: )?(?:not found|no such file)|expected at \/[^\n]{0,400}not found/,
      },
      {
        any: [" locked", "was released", "already released", " is invalid"],
        matches:
          /(?:ref|record|result) "?[a-z0-9:/_-]{6,128}"? (?:locked|was released|already released|is invalid)/,
      },
    ],
    examples: [
      "failed to select introspection JSON file: select: parent snapshot oydcyd2ctq9fxaj1uuplcdgee does not exist: not found",
      'failed to solve: lease "3ypcn474q13duakj4skwdqrtd": not found',
      "failed to solve: failed to get edge: inconsistent graph state",
      "rpc error: code = Unknown desc = content digest sha256:b839f455c408: not found",
    ],
    seen: "buildkit, 0.3 to 0.21",
  },
  {
    name: "engine.machine",
    fault: "engine",
    counts: true,
    transient: false,
    upstream: "none",
    reason:
      "The engine could not set up a container: the network, mounts or runtime under it failed.",
    when: [
      {
        any: [
          "cni setup error",
          "create network namespace",
          "failed to create network",
          "failed to setup network",
          "network providers",
          "failed to create shim",
          "failed to start shim",
          "shim disconnected",
          "failed to create task",
          "failed to create containerd task",
          "ttrpc: closed",
          "oci runtime create failed",
          "oci runtime exec failed",
          "runc create failed",
          "runc did not terminate successfully",
          "runc run failed",
          "failed to start container",
          "starting container process caused",
          "failed to mount",
          "mount callback failed",
          "failed to allocate",
          "error mounting ",
          "cgroup",
          "failed to create engine",
          "iptables",
        ],
        none: ["://", "mounting secret", "mount secret"],
      },
      {
        any: [
          "input/output error",
          "read-only file system",
          "too many open files",
          "cannot allocate memory",
          "out of memory",
          "resource temporarily unavailable",
          "structure needs cleaning",
          "device or resource busy",
          "wrong fs type",
          "transport endpoint is not connected",
          "stale file handle",
          "file lock",
        ],
        matches:
          /runc|shim|oci runtime|containerd|snapshot|\/var\/lib\/|overlay|buildkit|\/run\/dagger|dagger-engine/,
      },
      // Go's words for the namespaces in which the engine runs its own programs, such as git.
      {
        any: ["unshare ", "setns ", "network namespace"],
        matches:
          /(?:unshare new mount namespace|unshare fs attrs|setns clean mount namespace|new network namespace): /,
      },
      // The machine has no sockets, files, processes or memory left, so every host and command fails.
      {
        any: ["too many open files", "no buffer space available", "cannot allocate memory"],
        matches:
          /\b(?:socket|accept4?|pipe2|fork\/exec \/\.init|dial (?:tcp|udp)[46]?[^\n]{0,300}): (?:too many|no buffer|cannot allocate)/,
      },
      // Go prints these messages when the machine has no memory or threads left. For `withExec`, the message
      // is about the command, not about the engine.
      { matches: GO_OUT_OF, test: ({ facts }) => facts.operation !== "withExec" },
    ],
    examples: [
      'create network namespace: CNI setup error: plugin type="dnsname" failed (add): route ip+net: no such network interface',
      'failed to create engine: failed to create network providers: CNI setup error: plugin type="bridge" failed (add)',
      'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": dial tcp 1.2.3.4:443: socket: too many open files',
    ],
    seen: "buildkit, 0.3 to 0.21",
  },
  {
    name: "engine.bad-layer",
    fault: "engine",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A layer could not be unpacked.",
    when: {
      any: [
        "failed to register layer",
        "invalid tar header",
        "failed to extract layer",
        "archive/tar: ",
      ],
      none: [...UPSTREAM_FRAMES, "://", "context canceled"],
    },
    examples: [
      "failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header",
    ],
    seen: "docker, buildkit",
  },
];
