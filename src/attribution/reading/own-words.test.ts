import { describe, expect, test } from "vitest";
import { classifyFailure } from "../classify/classify-failure.js";

/** The output of programs that do not catch the error of an SDK, for each SDK. */
const WRAPPINGS = {
  TypeScript: (message: string) =>
    `file:///app/node_modules/@dagger.io/dagger/dist/src/common/graphql/compute_query.js:31\n            throw new GraphQLRequestError(e.message);\n                  ^\n\nGraphQLRequestError: ${message}\n    at computeQuery (file:///app/x.js:31:19) {\n  code: 'D100',\n  requestContext: { query: 'container' }\n}\n\nNode.js v24.1.0`,
  Python: (message: string) =>
    `Traceback (most recent call last):\n  File "/app/ci.py", line 9, in <module>\n    anyio.run(main)\ndagger.QueryError: ${message}\n`,
  "Python by gql": (message: string) =>
    `gql.transport.exceptions.TransportQueryError: {'message': '${message}', 'path': ['container', 'from']}\n`,
  Go: (message: string) =>
    `2026/11/30 10:00:00 input: container.from ${message}\n\nexit status 1\n`,
  Java: (message: string) =>
    `Exception in thread "main" io.dagger.client.exception.DaggerQueryException: Message: [${message}], Path: [container.from], Type Code: [CIRCUIT]\n\tat io.dagger.client.QueryBuilder.executeQuery(QueryBuilder.java:120)\n`,
  PHP: (message: string) =>
    `PHP Fatal error:  Uncaught GraphQL\\Exception\\QueryError: ${message} in /app/vendor/x.php:21\nStack trace:\n#0 {main}\n`,
  make: (message: string) =>
    `> node ci.mjs\nError: ${message}\nmake: *** [Makefile:3: test] Error 1\n`,
};

describe.each(Object.entries(WRAPPINGS))("in the words of %s", (_name, wrap) => {
  test.each([
    ["circuit open: registry:ghcr.io, retry in 60s", 60_000],
    ["circuit half-open: http:files.example.com, all probes are taken, retry in 2s", 2000],
    ["circuit isolated: git:github.com, maintenance until noon", null],
    ["circuit open: engine, retry in 9s; also rejected by registry:ghcr.io", 9000],
  ])("%s is our own rejection", (message, retryAfterMs) => {
    const failure = classifyFailure(wrap(message));
    const expected = { rule: "own.rejected", fault: "cancelled", counts: false, transient: true };
    expect(failure).toMatchObject({ ...expected, retryAfterMs });
  });

  test("a request that a guard timed out is our own timeout", () => {
    expect(classifyFailure(wrap("timed out after 4000 ms"))).toMatchObject({
      rule: "own.timed-out",
      counts: false,
      transient: true,
    });
  });
});

test.each([
  "circuit open: payments-api refused, see the dashboard of breakers",
  "the lock of the daemon timed out after 4000 ms",
  "Error: Timed out after 4000 ms waiting for the selector",
  "Error: exit code: 1\n\nStdout:\ncircuit open: registry:ghcr.io, retry in 60s\ntimed out after 10 ms",
])("%j is not ours", (text) => {
  expect(classifyFailure(text.replace(/^circuit/, "warning: circuit")).rule).not.toMatch(/^own\./);
});
