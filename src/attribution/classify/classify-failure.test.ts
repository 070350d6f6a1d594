import { expect, test } from "vitest";
import { classifyFailure } from "./classify-failure.js";

const EOF_AT_GHCR = 'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": EOF';

/** Creates an error of another copy of the SDK: only its name, code and fields identify it. */
function sdkError(name: string, code: string, message: string, fields: object = {}): Error {
  return Object.assign(new Error(message), { name, code }, fields);
}

test("an ExecError is a user error, whatever the command printed", () => {
  const error = sdkError("ExecError", "D109", "exit code: 1", {
    exitCode: 1,
    cmd: ["sh"],
    stdout: "",
    stderr: "unexpected status from GET request to https://ghcr.io/v2/: 503 Service Unavailable",
    extensions: { _type: "EXEC_ERROR", exitCode: 1 },
  });
  expect(classifyFailure(error)).toMatchObject({
    fault: "user",
    counts: false,
    rule: "command.failed",
  });
});

test("FunctionNotFound has the name ExecError and is a user error as well", () => {
  expect(classifyFailure(sdkError("ExecError", "D109", "function buld not found"))).toMatchObject({
    fault: "user",
    counts: false,
  });
});

test("reads a GraphQLRequestError by its answer, not by its message", () => {
  const cause = Object.assign(
    new Error('GraphQL Error (Code: 502): {"request":{"query":"{ secret(pw: \\"hunter2\\") }"}}'),
    { name: "ClientError" },
  );
  const error = sdkError("GraphQLRequestError", "D100", "API Error", {
    cause,
    requestContext: { query: '{ container { from(address: "alpine") } }' },
    response: { status: 502, body: 'http do: Post "http://dagger/query": unexpected EOF' },
  });
  expect(classifyFailure(error)).toMatchObject({
    fault: "engine",
    sessionLost: true,
    rule: "session.proxy",
  });
});

test("the first error in its answer decides, as in the SDK", () => {
  const errors = [
    { message: EOF_AT_GHCR, path: ["container", "from"] },
    { message: "exit code: 1", path: ["x"], extensions: { _type: "EXEC_ERROR", exitCode: 1 } },
  ];
  const error = sdkError("GraphQLRequestError", "D100", EOF_AT_GHCR, {
    response: { status: 200, errors },
    requestContext: {},
  });
  expect(classifyFailure(error)).toMatchObject({
    fault: "registry",
    upstream: "ghcr.io",
    counts: true,
  });
});

test("finds the true cause inside the wrapper of provisioning", () => {
  const inner = sdkError("ExecError", "D109", "exit code: 3", {
    exitCode: 3,
    extensions: { _type: "EXEC_ERROR" },
  });
  const outer = new Error(`failed to execute function with automatic provisioning: ${inner}`, {
    cause: inner,
  });
  expect(classifyFailure(outer)).toMatchObject({ fault: "user", rule: "command.failed" });
  const bare = new Error(
    "failed to execute function with automatic provisioning: ExecError: exit code: 3",
  );
  expect(classifyFailure(bare)).toMatchObject({ fault: "user", rule: "command.failed" });
});

test.each([
  [
    "ECONNREFUSED",
    "request to http://127.0.0.1:40815/query failed, reason: connect ECONNREFUSED 127.0.0.1:40815",
  ],
  ["ECONNRESET", "read ECONNRESET"],
  ["ECONNRESET", "socket hang up"],
  ["UND_ERR_SOCKET", "other side closed"],
])("a %s of the session's port is a lost session: %s", (code, message) => {
  const cause = Object.assign(new Error(message), { code, name: "FetchError" });
  const error = sdkError(
    "UnknownDaggerError",
    "D101",
    "Encountered an unknown error while requesting data via graphql",
    { cause },
  );
  expect(classifyFailure(error)).toMatchObject({
    fault: "engine",
    counts: true,
    sessionLost: true,
  });
  expect(classifyFailure(cause)).toMatchObject({ fault: "engine", sessionLost: true });
});

test("a reset by another host is that host's and loses no session", () => {
  const error = Object.assign(
    new Error("request to https://dl.dagger.io/dagger/x failed, reason: read ECONNRESET"),
    { code: "ECONNRESET" },
  );
  expect(classifyFailure(error)).toMatchObject({
    fault: "http",
    upstream: "dl.dagger.io",
    sessionLost: false,
  });
});

test("recognizes the answer of a restarted engine inside the SDK's error", () => {
  const cause = new Error(
    'result is not object or array of objects. Got: {"data":null,"errors":[{"message":"waiting for client session attachables: context deadline exceeded"}]}',
  );
  expect(
    classifyFailure(
      sdkError("UnknownDaggerError", "D101", "Encountered an unknown error", { cause }),
    ),
  ).toMatchObject({
    fault: "engine",
    sessionLost: true,
  });
});

test("an abort is a cancellation", () => {
  expect(
    classifyFailure(new DOMException("This operation was aborted", "AbortError")),
  ).toMatchObject({ fault: "cancelled" });
  const controller = new AbortController();
  controller.abort();
  expect(classifyFailure(controller.signal.reason)).toMatchObject({
    fault: "cancelled",
    counts: false,
  });
});

test("a rejection by our own breaker is not a failure of any component", () => {
  const error = sdkError(
    "CircuitBreakerOpenError",
    "CIRCUIT_OPEN",
    'circuit "registry:docker.io" is open',
    { cause: new Error(EOF_AT_GHCR) },
  );
  expect(classifyFailure(error)).toMatchObject({ counts: false, rule: "own.rejected" });
});

test("the closing block of a command decides, not a step that failed before", () => {
  const log = `1   : connect\n8   : Container.from ERROR\n8   : ! ${EOF_AT_GHCR}\n\nError: exit code: 3\nStderr:\nboom\n`;
  expect(classifyFailure(log, { source: "cli", exitCode: 3 })).toMatchObject({
    fault: "user",
    counts: false,
  });
  const other = `1   : connect\n8   : withExec ERROR\n8   : ! exit code: 3\n\nError: ${EOF_AT_GHCR}\n`;
  expect(classifyFailure(other, { source: "cli", exitCode: 1 })).toMatchObject({
    fault: "registry",
    upstream: "ghcr.io",
  });
});

test("the log of the failed step fills the gaps of the closing words", () => {
  const log = [
    "1   : connect",
    "9   : Hello.fetch: String!",
    '10  : ┆ http(url: "https://other.example.com/a"): File!',
    "10  : ┆ http DONE [0.0s]",
    '11  : ┆ http(url: "https://files.example.com/a?sig=x"): File!',
    "11  : ┆ http ERROR [0.0s]",
    "11  : ┆ ! invalid response status 503 Service Unavailable",
    "",
    "Error: invalid response status 503 Service Unavailable",
  ].join("\n");
  expect(classifyFailure(log)).toMatchObject({
    fault: "http",
    upstream: "files.example.com",
    counts: true,
  });
});

test("an exit code above 1 without any words comes from a step", () => {
  expect(classifyFailure("", { exitCode: 9 })).toMatchObject({
    fault: "user",
    rule: "command.exit-code",
  });
  expect(classifyFailure("", { exitCode: 1 })).toMatchObject({ fault: "unknown", counts: false });
});

test("ignores an operation named like a property of Object", () => {
  for (const operation of ["constructor", "__proto__", "toString"]) {
    expect(classifyFailure("unexpected EOF", { operation })).toMatchObject({ counts: false });
  }
});

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const cyclic: { cause?: unknown; message: string } = { message: "a" };
cyclic.cause = { message: "b", cause: cyclic };
const throwing = new Proxy(new Error("x"), {
  get() {
    throw new Error("no");
  },
});

test.each([
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["a symbol", Symbol("x")],
  ["a function", () => 1],
  ["a revoked proxy", revoked.proxy],
  ["an error whose getters throw", throwing],
  ["a cycle of causes", cyclic],
  ["an error of errors", new AggregateError([new Error(EOF_AT_GHCR)], "all failed")],
  [
    "a response that is a revoked proxy",
    { response: revoked.proxy, errors: revoked.proxy, path: revoked.proxy },
  ],
  ["an object without a prototype", Object.create(null)],
  ["lone surrogates", "\ud800\udfff\ud800"],
])("tolerates %s", (_what, error) => {
  const failure = classifyFailure(error);
  expect(typeof failure.rule).toBe("string");
  expect(classifyFailure(error, null as never).rule).toBe(failure.rule);
});

test("reads a chain of causes up to a bound", () => {
  let error: Error | undefined;
  for (let depth = 0; depth < 10_000; depth += 1)
    error = new Error(`level ${depth}`, { cause: error });
  expect(classifyFailure(error).fault).toBe("unknown");
});

test("a start of the engine that was stopped is canceled, however deep the words are", () => {
  const wrapped = Object.assign(new Error("Failed to connect to engine"), {
    name: "EngineSessionError",
    cause: new Error("start engine: failed to run container: signal: interrupt"),
  });
  for (const failure of [wrapped, "start engine: failed to pull image: context canceled"]) {
    expect(classifyFailure(failure)).toMatchObject({ fault: "cancelled", counts: false });
  }
});

test("a start that failed by itself counts, although the caller then stopped waiting", () => {
  for (const end of [
    "exit status 125\ncontext canceled",
    "signal: killed",
    "dial tcp 10.8.0.14:8080: connect: connection refused\n! start engine: context canceled",
  ]) {
    const failure = classifyFailure(`start engine: failed to run container: ${end}`);
    expect(failure).toMatchObject({ fault: "engine", counts: true });
  }
});

test("a canceled call does not hide the host that failed beside it", () => {
  const failed =
    "unexpected status from GET request to https://quay.io/v2/a/blobs/sha256:4b: 502 Bad Gateway";
  for (const cancelled of [
    'Post "http://dagger/query": context canceled',
    'Head "https://ghcr.io/v2/a/manifests/1": context canceled',
  ]) {
    for (const text of [`${failed}\n${cancelled}`, `${cancelled}\n${failed}`]) {
      expect(classifyFailure(text)).toMatchObject({ fault: "registry", upstream: "quay.io" });
    }
    expect(classifyFailure(cancelled)).toMatchObject({ fault: "cancelled", counts: false });
  }
});
