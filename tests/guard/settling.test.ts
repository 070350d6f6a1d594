// Tests the five settling rules one by one, with messages that engines print.

import { expect, test } from "vitest";
import { sparedRequestCount } from "../../src/guard/admission/avoided-requests.js";
import {
  countsOf,
  DIGEST,
  EXEC_FAILED,
  failing,
  from,
  json,
  outage,
  pullFailed,
  setUp,
  stateOf,
} from "./scene.js";

const DOWN = "503 Service Unavailable";
const NOTHING = { successCount: 0, failureCount: 0, ignoredCount: 0 };

test("(1) a failing command proves the image that was pulled before it", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"), EXEC_FAILED);
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
  expect(countsOf(registry, "engine")).toMatchObject({ successCount: 1 });
});

test("(1) a failing command does not prove the registry that it would have been pushed to", async () => {
  const { registry, send } = setUp();
  const rest = 'withExec(args: ["false"]) { publish(address: "ghcr.io/acme/app:1") }';
  await send(from("alpine:3", rest), EXEC_FAILED);
  expect(countsOf(registry, "registry:ghcr.io")).toMatchObject(NOTHING);
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
});

test("(1) a failing command on an image that was pulled before proves nothing", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"));
  await send(from("alpine:3"), EXEC_FAILED);
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
});

test("(2) failed beats limited, and both beat answered, whatever their order", async () => {
  const limited = pullFailed("acme/app:1", "429 Too Many Requests");
  const failed = pullFailed("acme/app:2", DOWN);
  const denied = pullFailed("acme/app:3", "403 Forbidden");
  const query = `{ a: container { from(address: "acme/app:1") { id } }
    b: container { from(address: "acme/app:2") { id } } }`;
  for (const messages of [
    [limited, failed, denied],
    [denied, failed, limited],
  ]) {
    const { registry, send } = setUp();
    await send(query, failing(...messages));
    expect(countsOf(registry, "registry:docker.io")).toMatchObject({
      successCount: 0,
      failureCount: 1,
    });
    expect(stateOf(registry, "registry:docker.io")).toBe("closed");
    const other = setUp();
    await other.send(query, failing(...messages.filter((one) => one !== failed)));
    expect(stateOf(other.registry, "registry:docker.io")).toBe("open");
  }
});

test("(2) an unknown host counts against neither of two upstreams of its kind", async () => {
  const { registry, send } = setUp();
  const query = `{ a: container { from(address: "one.example/app:1") { id } }
    b: container { from(address: "two.example/app:1") { id } } }`;
  const cdn =
    "failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://cdn.acme.net/blobs/sha256:00: 503 Service Unavailable";
  await send(query, failing(cdn));
  for (const host of ["one", "two"]) {
    expect(countsOf(registry, `registry:${host}.example`)).toMatchObject(NOTHING);
  }
});

test("(2) the home of other images never stands in for another registry", async () => {
  const { registry, send } = setUp({ needs: ["registry:ghcr.io"] });
  await send(
    "{ hello { pull } }",
    failing(pullFailed("library/alpine:3", "429 Too Many Requests")),
  );
  expect(countsOf(registry, "registry:ghcr.io")).toMatchObject(NOTHING);
  const git = '{ git(url: "https://git.example.com/a/b") { head { tree { entries } } } }';
  const submodule =
    "git error: exit status 128\nstderr:\nfatal: unable to access 'https://github.com/acme/lib/': The requested URL returned error: 503";
  await send(git, failing({ message: submodule, path: ["git", "head", "tree", "entries"] }));
  expect(countsOf(registry, "git:git.example.com")).toMatchObject(NOTHING);
});

test("(3) a missing image, even by digest, is an answer of its registry", async () => {
  const { registry, send } = setUp();
  const image = `acme/app@${DIGEST}`;
  const message = `failed to resolve image "docker.io/${image}" (platform: "linux/amd64"): docker.io/${image}: not found`;
  await send(from(image), failing(message));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
});

test("(3) a rejection by a token server proves nothing about its registry", async () => {
  const { registry, send } = setUp();
  await send(
    from("acme/app:1"),
    failing(
      'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?service=registry.docker.io: 401 Unauthorized',
    ),
  );
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ ...NOTHING });
});

test("(3) an answer without a host proves nothing about declared needs", async () => {
  const { registry, send } = setUp({ needs: ["registry:ghcr.io", "http:files.example.com"] });
  for (const message of [
    "pull access denied, repository does not exist or may require authorization",
    "invalid response status 404 Not Found",
  ]) {
    await send("{ hello { pull } }", failing({ message, path: ["hello", "pull"] }));
  }
  expect(countsOf(registry, "registry:ghcr.io")).toMatchObject(NOTHING);
  expect(countsOf(registry, "http:files.example.com")).toMatchObject(NOTHING);
});

test("(4) a restarted engine that answers 200 with errors has failed", async () => {
  const { registry, send } = setUp();
  const gone =
    '{"data":null,"errors":[{"message":"waiting for client session attachables: context deadline exceeded"}]}\n';
  await send("{ version }", { status: 200, contentType: "text/plain; charset=utf-8", body: gone });
  expect(countsOf(registry, "engine")).toMatchObject({ failureCount: 1, successCount: 0 });
});

test("(4) an answer that faults engine and registry counts against both", async () => {
  const { registry, send } = setUp();
  await send(
    from("acme/app:1"),
    failing(pullFailed("acme/app:1", DOWN), "engine is shutting down"),
  );
  expect(countsOf(registry, "engine")).toMatchObject({ failureCount: 1 });
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 1 });
});

test("(5) the first success in a new session proves a git remote and an http URL as well", async () => {
  const { registry, newSession, send } = setUp();
  const git =
    '{ git(url: "https://github.com/a/b") { branch(name: "main") { tree { entries } } } }';
  const http = '{ http(url: "https://files.example.com/x") { contents } }';
  for (const query of [git, git, http, http]) await send(query, json({ data: { a: "" } }));
  newSession();
  for (const query of [git, http]) await send(query, json({ data: { a: "" } }));
  expect(countsOf(registry, "git:github.com")).toMatchObject({ successCount: 2 });
  expect(countsOf(registry, "http:files.example.com")).toMatchObject({ successCount: 2 });
});

test("another ref of a remote that was used is asked for again, and gated", async () => {
  const { registry, send } = setUp();
  const git = (ref: string) =>
    `{ git(url: "https://github.com/a/b") { branch(name: "${ref}") { tree { entries } } } }`;
  await send(git("main"), json({ data: { git: {} } }));
  registry.get("git:github.com").isolate("down");
  expect(await send(git("main"), json({ data: { git: {} } }))).toBe("sent");
  expect(await send(git("next"))).toBe("rejected");
});

test.each([
  ['{ node(id: "THE-ID") { ... on Container { withExec(args: ["true"]) { stdout } } } }'],
  ['{ loadContainerFromID(id: "THE-ID") { withExec(args: ["true"]) { stdout } } }'],
  [
    '{ n: node(id: "THE-ID") { ... on Container { o: withExec(args: ["true"]) { stdout: stdout } } } }',
  ],
  [
    'query Query {node(id:"THE-ID"){...F}} fragment F on Container {withExec(args:["true"]){stdout}}',
  ],
  ['{ container { import(source: "THE-ID") { withExec(args: ["true"]) { stdout } } } }'],
  ['{ directory { withDirectory(path: "/", source: "THE-ID") { dockerBuild { stdout } } } }'],
  ['{ host { tunnel(service: "THE-ID") { start } } }'],
  ['{ a: b(list: ["x", ["THE-ID"]], object: { deep: { id: "THE-ID" } }) { c } }'],
])("an id brings its upstreams along wherever it is quoted: %s", async (query) => {
  const { registry, send } = setUp();
  await send(from("alpine:3", "key: id"), json({ data: { container: { from: { key: "id-1" } } } }));
  registry.get("registry:docker.io").isolate("down");
  expect(await send(query.replaceAll("THE-ID", "id-1"))).toBe("rejected");
  expect(await send(query.replaceAll("THE-ID", "id-2"))).toBe("sent");
});

test("knows the ids of lists, of sync and of started services", async () => {
  const { registry, send } = setUp();
  const inner = "withExec(args: []) { sync s: asService { start } envVariables { id } }";
  await send(
    from("alpine:3", inner),
    json({
      data: {
        container: {
          from: {
            withExec: { sync: "id-1", s: { start: "id-2" }, envVariables: [{ id: "id-3" }] },
          },
        },
      },
    }),
  );
  registry.get("registry:docker.io").isolate("down");
  const again = (id: string) =>
    `{ node(id: "${id}") { ... on Container { from(address: "alpine:4") { stdout } } } }`;
  for (const id of ["id-1", "id-2", "id-3"]) expect(await send(again(id))).toBe("rejected");
});

test("an id remembers its upstreams until ten thousand others have come since", async () => {
  const { registry, send } = setUp();
  const ids = Array.from({ length: 10_000 }, (_, index) => ({ id: `id-${index}` }));
  const made = (list: readonly object[]) => json({ data: { container: { from: { list } } } });
  await send(from("alpine:3", "list { id }"), made([{ id: "first" }]));
  await send(from("ghcr.io/acme/app:1", "list { id }"), made(ids));
  for (const host of ["docker.io", "ghcr.io"]) registry.get(`registry:${host}`).isolate("down");
  const quoting = (id: string) => `{ node(id: "${id}") { ... on Container { stdout } } }`;
  expect(await send(quoting("id-0"))).toBe("rejected");
  expect(await send(quoting("id-9999"))).toBe("rejected");
  expect(await send(quoting("first"))).toBe("sent");
});

test("an invalid request, a batch or a very large one asks only the engine", async () => {
  const { registry, send } = setUp();
  const huge = from("alpine:3").replace('"true"', `"${"x".repeat(5_000_000)}"`);
  for (const query of ["", "{", "no graphql", huge, undefined as never, null as never]) {
    expect(await send(query)).toBe("sent");
  }
  expect([...registry.getAll().keys()]).toEqual(["engine"]);
  registry.get("engine").isolate("down");
  expect(await send("{")).toBe("rejected");
});

test("only the engine can reject introspection", async () => {
  const { registry, send } = setUp({ needs: ["registry:docker.io"] });
  registry.get("registry:docker.io").isolate("down");
  const introspection =
    "query IntrospectionQuery { __schema { types { ...T } } } fragment T on __Type { name }";
  for (const query of ["{ version }", introspection, "{ __typename }"]) {
    expect(await send(query)).toBe("sent");
  }
  expect(await send("{ version container { id } }")).toBe("rejected");
  registry.get("engine").isolate("down");
  expect(await send("{ version }")).toBe("rejected");
});

test("requests in flight when the circuit opened no longer change anything", async () => {
  const scene = setUp();
  const limited = failing(pullFailed("library/alpine:3", "429 Too Many Requests"));
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => scene.send(from(`alpine:${index}`), limited)),
  );
  expect(countsOf(scene.registry, "registry:docker.io")).toMatchObject({
    failureCount: 1,
    lateCount: 49,
    stateChanges: 1,
  });
});

test("each pull rejected during a rate limit avoids six requests", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"), failing(pullFailed("library/alpine:3", "429 Too Many Requests")));
  const breaker = registry.get("registry:docker.io");
  expect(sparedRequestCount(breaker)).toBe(0);
  await send(from("alpine:3"));
  await send(
    '{ a: container { from(address: "a/a:1") { id } } b: container { from(address: "a/b:1") { id } } }',
  );
  await send(from("alpine:3", 'publish(address: "acme/app:1")'));
  expect(sparedRequestCount(breaker)).toBe(6 + 12 + 6);
});

test("a rejection for another reason than a rate limit reports no avoided requests", async () => {
  const scene = setUp();
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
  expect(sparedRequestCount(scene.registry.get("registry:docker.io"))).toBe(0);
});
