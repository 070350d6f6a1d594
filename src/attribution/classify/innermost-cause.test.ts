// The innermost cause decides, whatever messages surround this cause and whatever consequences follow it.
import { expect, test } from "vitest";
import { classifyFailure } from "./classify-failure.js";

const GIT = "git error: exit status 128\nstderr:\n";
const FLUSH = "fatal: expected flush after ref listing";
const rpc = (status: number) =>
  `error: RPC failed; HTTP ${status} curl 22 The requested URL returned error: ${status}\n`;

test.each<[string, string, object]>([
  ["429", `${GIT}${rpc(429)}${FLUSH}`, { fault: "git", counts: true, limited: true }],
  ["401", `${GIT}${rpc(401)}${FLUSH}`, { fault: "user", counts: false }],
  ["403", `${GIT}${rpc(403)}${FLUSH}`, { fault: "user", counts: false }],
  [
    "404",
    `${rpc(404)}fatal: early EOF\nfatal: fetch-pack: invalid index-pack output`,
    { fault: "user", counts: false },
  ],
  [
    "413",
    `${rpc(413)}send-pack: unexpected disconnect while reading sideband packet\nfatal: the remote end hung up unexpectedly`,
    { fault: "user", counts: false },
  ],
  ["502", `${GIT}${rpc(502)}${FLUSH}`, { fault: "git", counts: true, limited: false }],
  ["no status at all", `${GIT}${FLUSH}`, { fault: "git", counts: true, limited: false }],
  [
    "a reset connection",
    "error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: early EOF",
    { fault: "git", counts: true },
  ],
  [
    "another request, far above",
    `${rpc(403)}${"fetching\n".repeat(20)}${FLUSH}`,
    { fault: "git", counts: true },
  ],
])("git's end of a pack does not hide the failure of its request: %s", (_what, text, wanted) => {
  expect(classifyFailure(text)).toMatchObject(wanted);
});

test.each([
  "do init: context canceled",
  "start session: connect session attachables: context canceled",
  "waiting for client session attachables: context canceled",
  "failed to get requester session: context canceled",
  "no active session for r6eviii871z5hdflyxckh9y4o: context canceled",
  "failed to mount /tmp/buildkit-mount123: context canceled",
  "failed to create network namespace: context canceled",
  "failed to start container: context canceled",
  "failed to load cache: failed to get edge: context canceled",
  "health check errored: checking for port 5432/tcp: context canceled",
  'http do: Post "http://dagger/query": context canceled',
])("a cancellation is not a failure, under any frame: %s", (text) => {
  expect(classifyFailure(text)).toMatchObject({
    fault: "cancelled",
    counts: false,
    sessionLost: false,
  });
});

test("reports a failure beside a cancellation", () => {
  const canceled = "failed to mount /tmp/buildkit-mount123: context canceled";
  const failed = "failed to create network namespace: CNI setup error: plugin failed (add)";
  for (const text of [`${canceled}\n${failed}`, `${failed}\n${canceled}`]) {
    expect(classifyFailure(text)).toMatchObject({ fault: "engine", counts: true });
  }
});

test.each([
  "failed to build TLS config: failed to read client certificate from /etc/ci/tls.crt: open /etc/ci/tls.crt: no such file or directory",
  "tls: failed to find any PEM data in certificate input",
  "open /home/ci/.certs/client-key.pem: permission denied",
  "remote error: tls: certificate required",
  'get info: malformed HTTP response "HTTP/1.1 400 Bad Request"',
  'connection error: desc = "error reading server preface: http2: frame too large"',
  "rpc error: code = Unimplemented desc = unknown service moby.buildkit.v1.Control",
  'get info: unexpected HTTP status code received from server: 404 (Not Found); transport: received unexpected content-type "text/html"',
])("a wrong address of an engine is not an outage: %s", (cause) => {
  expect(classifyFailure(`start engine: ${cause}`)).toMatchObject({ fault: "user", counts: false });
});

test.each([
  'connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:1234: connect: connection refused"',
  "context deadline exceeded",
  "unexpected status 503",
  "an unknown message",
])("an engine that fails to start because of an outage or an unknown cause counts: %s", (cause) => {
  expect(classifyFailure(`start engine: ${cause}`)).toMatchObject({
    fault: "engine",
    counts: true,
  });
});

const STACK =
  "    at IncomingMessage.<anonymous> (/app/node_modules/@opentelemetry/otlp-exporter-base/build/src/util.js:69:39)";
const EXPORTERS = [
  [
    "JavaScript",
    `OTLPExporterError: Bad Gateway\n${STACK} {\n  data: '<html>502</html>',\n  code: 502\n}`,
  ],
  [
    "JavaScript, as JSON",
    `{"stack":"OTLPExporterError: Service Unavailable\\n${STACK}","message":"Service Unavailable","code":"503","name":"OTLPExporterError"}`,
  ],
  ["Python", "Failed to export span batch code: 503, reason: Service Unavailable"],
  [
    "Python, that tries again",
    "Transient error Service Unavailable encountered while exporting metrics batch, retrying in 1s.",
  ],
  [
    "Python 1.45, that tries again",
    "Transient error Too Many Requests encountered while exporting spans batch, retrying in 0.99s.",
  ],
  [
    "Python 1.45, that gives up",
    "Failed to export spans batch due to timeout, max retries or shutdown.",
  ],
  [
    "Python, in a trace of its own",
    "Exception while exporting Span.\nTraceback (most recent call last):\n  File \"/usr/lib/x.py\", line 1, in export\nrequests.exceptions.ConnectionError: HTTPConnectionPool(host='127.0.0.1', port=4318): Max retries exceeded with url: /v1/traces (Caused by NewConnectionError: Connection refused)",
  ],
  [
    "Java",
    "SEVERE: Failed to export spans. Server responded with HTTP status code 502. Error message: Bad Gateway\n\tat io.opentelemetry.exporter.internal.http.HttpExporter.lambda$export(HttpExporter.java:1)",
  ],
  [
    "Java 1.68, that counts",
    "WARNING: Failed to export 1 spans. Server responded with HTTP status code 503. Error message: Response body has 0 length, HTTP status message: Service Unavailable",
  ],
  [
    "Java 1.68, that was limited",
    "WARNING: Failed to export 512 logs. Server responded with HTTP status code 429. Error message: Response body has 0 length, HTTP status message: Too Many Requests",
  ],
  [
    "Java 1.68, that met nothing",
    "SEVERE: Failed to export 3 metrics. The request could not be executed. Full error message: Connection refused\n\tat okhttp3.internal.connection.RealCall.timeoutExit(RealCall.kt:469)",
  ],
  [
    "Java 1.68, as it logs by default",
    "Nov 30, 2026 8:01:45 PM io.opentelemetry.sdk.common.internal.ThrottlingLogger doLog\nSEVERE: Failed to export 1 spans. The request could not be executed.\njava.io.InterruptedIOException: timeout\n\tat okhttp3.internal.connection.RealCall.timeoutExit(RealCall.kt:469)\nCaused by: java.net.SocketException: Connection reset\n\tat java.base/sun.nio.ch.NioSocketImpl.endRead(NioSocketImpl.java:253)\n\t... 4 more",
  ],
  [
    "Python, with two causes",
    'Exception while exporting Span.\nTraceback (most recent call last):\n  File "/usr/lib/urllib3/connection.py", line 198, in _new_conn\nTimeoutError: timed out\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/usr/lib/x.py", line 1, in export\nrequests.exceptions.ReadTimeout: HTTPConnectionPool(host=\'127.0.0.1\', port=4318): Read timed out. (read timeout=10)',
  ],
] as const;

test.each(EXPORTERS)("a failed collector is not a failure of the engine: %s", (_language, text) => {
  for (const source of ["sdk", "cli", undefined]) {
    expect(classifyFailure(text, { source })).toMatchObject({
      fault: "cloud",
      sessionLost: false,
    });
    // A failed exporter does not matter if the work itself failed.
    const real =
      'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): docker.io/acme/app:1: not found';
    for (const both of [`${real}\n${text}`, `${text}\n${real}`]) {
      expect(classifyFailure(both, { source })).toMatchObject({ fault: "user", counts: false });
    }
  }
});

test("reads the text after an exporter's stack separately", () => {
  const [, stack] = EXPORTERS.at(-1) ?? [];
  const own =
    'Traceback (most recent call last):\n  File "/src/ci.py", line 9, in main\ndagger.ExecError: exit code: 1';
  expect(classifyFailure(`${stack}\n${own}`)).toMatchObject({ fault: "user", counts: false });
  const limited =
    'failed to resolve image "alpine:3": toomanyrequests: You have reached your pull rate limit.';
  expect(classifyFailure(`${stack}\n\n${limited}`)).toMatchObject({ fault: "registry" });
});
