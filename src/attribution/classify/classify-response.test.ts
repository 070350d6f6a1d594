import { expect, test } from "vitest";
import { classifyResponse } from "./classify-response.js";

const PULL_503 =
  'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): unexpected status from HEAD request to https://registry-1.docker.io/v2/acme/app/manifests/1: 503 Service Unavailable';

function ok(body: unknown) {
  return { status: 200, contentType: "application/json", body: JSON.stringify(body) };
}

test("an answer that worked has no failures", () => {
  expect(classifyResponse(ok({ data: { version: "v0.21.8" } }))).toEqual([]);
  expect(classifyResponse(ok({ data: null }))).toEqual([]);
  expect(classifyResponse(ok({ data: {}, errors: [] }))).toEqual([]);
  expect(classifyResponse(ok({ data: {}, errors: null }))).toEqual([]);
  expect(classifyResponse({ status: 200, body: { data: {} } })).toEqual([]);
});

test("classifies each error of an answer, in order", () => {
  const failures = classifyResponse(
    ok({
      data: null,
      errors: [
        { message: PULL_503, path: ["container", "from"] },
        {
          message: "exit code: 3",
          path: ["container", "withExec"],
          extensions: { _type: "EXEC_ERROR", exitCode: 3 },
        },
      ],
    }),
  );
  expect(failures.map(({ fault, counts }) => [fault, counts])).toEqual([
    ["registry", true],
    ["user", false],
  ]);
  expect(failures[0]).toMatchObject({
    upstream: "registry-1.docker.io",
    upstreamKind: "registry",
    limited: false,
  });
});

test("takes the host from the query when the words name none", () => {
  const answer = ok({
    errors: [{ message: "invalid response status 503 Service Unavailable", path: ["http"] }],
  });
  const query = '{ http(url: "https://user:pw@files.example.com/a?sig=x") { contents } }';
  expect(classifyResponse(answer, { query })[0]).toMatchObject({
    fault: "http",
    upstream: "files.example.com",
  });
  expect(classifyResponse(answer, { query: { query } })[0]).toMatchObject({
    upstream: "files.example.com",
  });
  expect(classifyResponse(answer)[0]).toMatchObject({ fault: "http", upstream: null });
});

test("neither host is at fault if the query names two of a kind", () => {
  const answer = ok({ errors: [{ message: "invalid response status 503", path: ["http"] }] });
  const query =
    '{ a: http(url: "https://a.example/") { id } b: http(url: "https://b.example/") { id } }';
  expect(classifyResponse(answer, { query })[0]).toMatchObject({ fault: "http", upstream: null });
});

test("a denied push without a host belongs to the target of the publish, which answered", () => {
  const message =
    "push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";
  const query = '{ container { from(address: "alpine") { publish(address: "ghcr.io/a/b") } } }';
  const [failure] = classifyResponse(
    ok({ errors: [{ message, path: ["container", "from", "publish"] }] }),
    { query },
  );
  expect(failure).toMatchObject({
    fault: "user",
    counts: false,
    answered: true,
    upstream: "ghcr.io",
    upstreamKind: "registry",
  });
});

test("distinguishes a rate limit from other failures, with the stated delay", () => {
  const message = "toomanyrequests: retry-after: 1.5s, allowed: 44000/minute";
  const [failure] = classifyResponse(ok({ errors: [{ message, path: ["container", "from"] }] }));
  expect(failure).toMatchObject({ limited: true, counts: true, retryAfterMs: 1_500 });
});

test.each([
  [
    200,
    '{"data":null,"errors":[{"message":"waiting for client session attachables: context deadline exceeded"}]}\n',
  ],
  [502, 'http do: Post "http://dagger/query": unexpected EOF'],
  [
    502,
    'http do: Post "http://dagger/query": dial unix /run/dagger/engine.sock: connect: connection refused',
  ],
  [200, '{"errors":[{"message":"engine is shutting down","path":["container","from"]}]}'],
  [
    200,
    '{"errors":[{"message":"failed to resolve image \\"docker.io/library/busybox:h5\\" (platform: \\"linux/amd64\\"): failed to resolve source metadata for docker.io/library/busybox:h5: DeadlineExceeded: failed to get main client caller: context deadline exceeded","path":["container","from"]}]}',
  ],
])("recognizes a lost session by its words: %s %j", (status, body) => {
  const [failure] = classifyResponse({ status, contentType: "text/plain", body });
  expect(failure).toMatchObject({
    fault: "engine",
    counts: true,
    sessionLost: true,
    upstream: null,
  });
});

test("an id of another session is unknown to the engine, and the session goes on", () => {
  const body =
    '{"errors":[{"message":"arg \\"id\\": resolve result 4464: missing shared result","path":["loadContainerFromID"]}]}';
  const [failure] = classifyResponse({ status: 200, contentType: "application/json", body });
  expect(failure).toMatchObject({
    fault: "user",
    counts: false,
    sessionLost: false,
    upstream: null,
  });
});

const IN_A_FUNCTION = { path: ["hello", "ask"] };

test.each([
  [
    "no module where one is asked for",
    "no current module: main client caller has no current module",
  ],
  [
    "the engine's frame around it",
    "failed to get current module: main client caller has no current module",
  ],
  ["a login in the words of a module's code", "login session not found"],
  ["a connection that a module's code lost", "fetch failed"],
  ["a socket that a module's code lost", "TypeError: fetch failed\nError: socket hang up"],
  ["a proxy that a module's code asked", 'http do: Post "https://api.example.com/v1": EOF'],
  ["another engine that shuts down", "my search engine is shutting down early"],
  [
    "a session of the engine, without any sign of a lost connection",
    'session for "tvvi6yohdh3uaxjl9p27r1pav" not found',
  ],
  [
    "a module's own runtime that lost its session",
    'process "/runtime" did not complete successfully: exit code: 2\nStderr:\nsession not found',
  ],
])("a session is not lost by words alone: %s", (_what, message) => {
  const failures = classifyResponse(ok({ data: null, errors: [{ message, ...IN_A_FUNCTION }] }));
  expect(failures.map(({ sessionLost }) => sessionLost)).toEqual([false]);
});

test.each([
  ["a deadline", "waiting for client session attachables: context deadline exceeded"],
  [
    "a deadline inside a frame",
    "failed to authorize: no active session for r6eviii871z5: context deadline exceeded",
  ],
  [
    "a connection to the client that broke",
    "failed to get main client caller: read unix /run/x.sock: connection reset by peer",
  ],
  ["the engine's own end", "failed to solve: engine is shutting down"],
])("a sign of the transport makes a session lost: %s", (_what, message) => {
  const failures = classifyResponse(
    ok({ data: null, errors: [{ message, path: ["container", "from"] }] }),
  );
  expect(failures).toMatchObject([{ fault: "engine", counts: true, sessionLost: true }]);
});

test("a failed command does not lose the session, whatever it printed", () => {
  const stderr = "waiting for client session attachables: context deadline exceeded";
  const [failure] = classifyResponse(
    ok({
      errors: [
        {
          message: "exit code: 1",
          path: ["x"],
          extensions: { _type: "EXEC_ERROR", exitCode: 1, stderr },
        },
      ],
    }),
  );
  expect(failure).toMatchObject({ fault: "user", sessionLost: false, counts: false });
});

test("a failure before a health check belongs to the service, also as an EXEC_ERROR", () => {
  const [failure] = classifyResponse(
    ok({
      errors: [
        {
          message: "start x (aliased as db): service exited before healthcheck",
          path: ["x"],
          extensions: { _type: "EXEC_ERROR", exitCode: 0 },
        },
      ],
    }),
  );
  expect(failure).toMatchObject({ fault: "service", counts: true });
});

test("the host in a failed command's output is advice, not the upstream", () => {
  const stderr =
    "npm error network request to https://npm.example.com/react failed, reason: read ECONNRESET";
  const [failure] = classifyResponse(
    ok({
      errors: [
        {
          message: "exit code: 1",
          path: ["x"],
          extensions: { _type: "EXEC_ERROR", exitCode: 1, stderr, stdout: "" },
        },
      ],
    }),
  );
  expect(failure).toMatchObject({
    fault: "user",
    upstream: null,
    suspectedUpstream: "npm.example.com",
  });
});

test.each([
  [401, "", "user"],
  [404, "404 page not found\n", "user"],
  [400, "transport not supported", "user"],
  [500, "", "engine"],
  [503, "<html>Service Unavailable</html>", "engine"],
  [200, "", "engine"],
  [200, '{"data":{"a":"regis', "engine"],
  [200, "null", "engine"],
  [200, "42", "engine"],
  [200, '{"errors":"no list"}', "engine"],
  [0, "", "unknown"],
])("an answer %s %j that is not GraphQL is the fault of: %s", (status, body, fault) => {
  const failures = classifyResponse({ status, body });
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ fault, counts: fault === "engine" });
});

test("does not search a cut answer for words, since they belong to the pipeline", () => {
  const [failure] = classifyResponse({ status: 200, body: `{"data":{"stdout":"${PULL_503}` });
  expect(failure).toMatchObject({ fault: "engine", rule: "response.unreadable", upstream: null });
});

test("tolerates errors that are not objects, and too many of them", () => {
  expect(
    classifyResponse(ok({ errors: [null, 5, "engine is shutting down", [], {}] })),
  ).toHaveLength(5);
  expect(classifyResponse(ok({ errors: new Array(5_000).fill({ message: "x" }) }))).toHaveLength(
    1_000,
  );
  expect(classifyResponse(undefined as never)).toHaveLength(1);
});

test("neither upstream nor reason contains a secret of the message", () => {
  const message =
    'unexpected client error: unexpected requesting "https://bot:hunter2@github.com/a/b.git/info/refs?service=git-upload-pack&x=topsecret" status code: 503';
  const failures = classifyResponse(ok({ errors: [{ message, path: ["git"] }] }));
  expect(failures[0]?.upstream).toBe("github.com");
  expect(JSON.stringify(failures)).not.toMatch(/hunter2|topsecret|bot/);
});
