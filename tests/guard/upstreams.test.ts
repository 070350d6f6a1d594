// Tests what requests mean for the breakers of registries, git hosts and http hosts, with messages that
// engines print.

import { expect, test, vi } from "vitest";
import { Guard } from "../../src/guard/guard.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { FailureRecord } from "../../src/guard/judgement/failure-record.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
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
  WORKED,
} from "./scene.js";

test("a pipeline whose own tests fail a thousand times opens nothing", async () => {
  const { registry, send } = setUp();
  for (let run = 0; run < 1000; run += 1) await send(from(`alpine:${run}`), EXEC_FAILED);
  expect([...registry.getAll().values()].map(({ state }) => state)).toEqual(["closed", "closed"]);
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1000 });
});

test("fifty parallel pulls that fail in one second open nothing", async () => {
  const { registry, clock, send } = setUp();
  const failures = failing(pullFailed("a/b:1", "503 Service Unavailable"));
  await Promise.all(Array.from({ length: 50 }, (_, index) => send(from(`a/b:${index}`), failures)));
  clock.advance(2000);
  expect(await send(from("a/b:later"))).toBe("sent");
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 50 });
});

test("one percent of failures among two thousand pulls a minute opens nothing", async () => {
  const { registry, clock, send } = setUp();
  for (let pull = 0; pull < 4000; pull += 1) {
    const bad = pull % 100 === 0;
    const answer = bad ? failing(pullFailed(`a/b:${pull}`, "503 Service Unavailable")) : WORKED;
    expect(await send(from(`a/b:${pull}`), answer)).toBe("sent");
    clock.advance(30);
  }
  expect(stateOf(registry, "registry:docker.io")).toBe("closed");
});

test("a registry that is down for ten seconds of pulls is left alone, and no other", async () => {
  const scene = setUp();
  await outage(scene);
  expect(stateOf(scene.registry, "registry:docker.io")).toBe("open");
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
  expect(await scene.send(from("ghcr.io/acme/app:1"))).toBe("sent");
  expect(await scene.send("{ version }", json({ data: { version: "v" } }))).toBe("sent");
  expect(stateOf(scene.registry, "engine")).toBe("closed");
});

test("Docker Hub's 429 opens registry:docker.io at once, for at least a minute, and nothing else", async () => {
  const { registry, clock, send } = setUp();
  await send(from("alpine:3"), failing(pullFailed("library/alpine:3", "429 Too Many Requests")));
  const states = [...registry.getAll()].map(([name, { state }]) => `${name} ${state}`);
  expect(states.sort()).toEqual(["engine closed", "registry:docker.io open"]);
  expect(registry.get("registry:docker.io").check().retryAfterMs).toBe(60_000);
  expect(await send(from("quay.io/acme/app:1"))).toBe("sent");
  clock.advance(59_999);
  expect(await send(from("alpine:3"))).toBe("rejected");
  clock.advance(1);
  expect(await send(from("alpine:3"))).toBe("sent");
  expect(stateOf(registry, "registry:docker.io")).toBe("closed");
});

test("a continuing rate limit doubles the open time each time", async () => {
  const { registry, clock, send } = setUp();
  const limited = failing(pullFailed("library/alpine:3", "429 Too Many Requests"));
  await send(from("alpine:3"), limited);
  clock.advance(60_000);
  await send(from("alpine:3"), limited);
  expect(registry.get("registry:docker.io").check().retryAfterMs).toBe(120_000);
});

test.each([
  ["alpine", "registry:docker.io"],
  ["docker.io/library/alpine", "registry:docker.io"],
  ["index.docker.io/library/alpine:3", "registry:docker.io"],
  ["registry-1.docker.io/library/alpine:3", "registry:docker.io"],
  ["127.0.0.1:5000/app:1", "registry:127.0.0.1:5000"],
  ["localhost:5000/app", "registry:localhost:5000"],
  ["GHCR.io/acme/app:1", "registry:ghcr.io"],
])("the image %s is guarded by %s", async (image, name) => {
  const { registry, send } = setUp();
  registry.get(name).isolate("x");
  expect(await send(from(image))).toBe("rejected");
});

test("admits an image pinned by digest while its registry's circuit is open", async () => {
  const scene = setUp();
  await outage(scene);
  expect(await scene.send(from(`alpine@${DIGEST}`))).toBe("sent");
  expect(await scene.send(from(`alpine:3@${DIGEST}`))).toBe("sent");
});

test("a failure of an image pinned by digest counts, though it holds no permit", async () => {
  const { registry, clock, send } = setUp();
  for (let second = 0; second < 6; second += 1) {
    await send(
      from(`acme/app@${DIGEST}`),
      failing(pullFailed(`acme/app:${DIGEST}`, "503 Service Unavailable")),
    );
    clock.advance(1000);
  }
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 6 });
  expect(await send(from("alpine"))).toBe("rejected");
});

test("does not gate a tag whose contents were used in this session; a new session must ask again", async () => {
  const scene = setUp();
  await scene.send(from("alpine:3"));
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("sent");
  expect(await scene.send(from("alpine:3", 'withExec(args: ["ls"]) { stdout }'))).toBe("sent");
  expect(await scene.send(from("alpine:4"))).toBe("rejected");
  scene.newSession();
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
});

test("a failing command has used the image, too", async () => {
  const scene = setUp();
  await scene.send(from("alpine:3"), EXEC_FAILED);
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("sent");
});

test("resolving a tag alone does not use its contents", async () => {
  const scene = setUp();
  await scene.send(from("alpine:3", "id"), json({ data: { container: { from: { id: "id-1" } } } }));
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
});

test("another platform of the same tag is another image", async () => {
  const scene = setUp();
  const arm =
    '{ container(platform: "linux/arm64") { from(address: "alpine:3") { withExec(args: ["true"]) { stdout } } } }';
  await scene.send(from("alpine:3"));
  await outage(scene);
  expect(await scene.send(arm)).toBe("rejected");
});

test("an id stands for the upstreams of the request that made it", async () => {
  const scene = setUp();
  const byId = '{ node(id: "id-1") { ... on Container { withExec(args: ["true"]) { stdout } } } }';
  await scene.send(from("alpine:3", "id"), json({ data: { container: { from: { id: "id-1" } } } }));
  await outage(scene);
  expect(await scene.send(byId)).toBe("rejected");
  expect(await scene.send(byId.replace("id-1", "id-2"))).toBe("sent");
});

test("a success proves that an upstream answered only at the first resolution in a session", async () => {
  const { registry, newSession, send } = setUp();
  await send(from("alpine:3"));
  await send(from("alpine:3"));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
  newSession();
  await send(from("alpine:3"));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 2 });
});

test("each publish asks its registry and each success proves it", async () => {
  const { registry, send } = setUp();
  const publish = from(`alpine@${DIGEST}`, 'publish(address: "ghcr.io/acme/app:1")');
  const answer = json({
    data: { container: { from: { publish: "ghcr.io/acme/app:1@sha256:0" } } },
  });
  await send(publish, answer);
  await send(publish, answer);
  expect(countsOf(registry, "registry:ghcr.io")).toMatchObject({ successCount: 2 });
  registry.get("registry:ghcr.io").isolate("maintenance");
  expect(await send(publish)).toBe("rejected");
});

test("401, 403 and 404 are answers: a success of the registry", async () => {
  const { registry, send } = setUp();
  await send(
    from("faults/d403:latest"),
    failing(pullFailed("faults/d403:latest", "403 Forbidden")),
  );
  await send(
    from("faults/n404:latest"),
    failing(
      'failed to resolve image "docker.io/faults/n404:latest" (platform: "linux/amd64"): docker.io/faults/n404:latest: not found',
    ),
  );
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({
    successCount: 2,
    failureCount: 0,
  });
});

test("several failures in one answer go each to its own", async () => {
  const { registry, send } = setUp();
  const both = `{
    a: container { from(address: "alpine:3") { withExec(args: ["false"]) { stdout } } }
    b: container { from(address: "ghcr.io/acme/app:1") { id } }
  }`;
  await send(
    both,
    failing(
      'failed to resolve image "ghcr.io/acme/app:1" (platform: "linux/amd64"): unexpected status from HEAD request to https://ghcr.io/v2/acme/app/manifests/1: 503 Service Unavailable',
      {
        message: "exit code: 3",
        path: ["container", "from", "withExec", "stdout"],
        extensions: { _type: "EXEC_ERROR", cmd: ["false"], exitCode: 3 },
      },
    ),
  );
  expect(countsOf(registry, "registry:ghcr.io")).toMatchObject({
    failureCount: 1,
    successCount: 0,
  });
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({
    failureCount: 0,
    successCount: 0,
  });
  expect(countsOf(registry, "engine")).toMatchObject({ successCount: 1 });
});

test("a token server stands in for its registry", async () => {
  const { registry, send } = setUp();
  await send(
    from("acme/app:1"),
    failing(
      'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?service=registry.docker.io: 503 Service Unavailable',
    ),
  );
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 1 });
});

test("an unknown host of the kind counts against the only upstream of that kind", async () => {
  const { registry, send } = setUp();
  await send(
    from("registry.acme.dev/app:1"),
    failing(
      'failed to resolve image "registry.acme.dev/app:1" (platform: "linux/amd64"): failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://cdn.acme.net/blobs/sha256:00: 503 Service Unavailable',
    ),
  );
  expect(countsOf(registry, "registry:registry.acme.dev")).toMatchObject({ failureCount: 1 });
  expect(registry.getAll().has("registry:cdn.acme.net")).toBe(false);
});

test("the text of a message never creates a breaker", async () => {
  const { registry, send } = setUp();
  await send("{ hello { pull } }", failing(pullFailed("acme/app:1", "503 Service Unavailable")));
  expect([...registry.getAll().keys()]).toEqual(["engine"]);
});

test("pulls of a module can be declared, and then count and are gated", async () => {
  const { registry, send } = setUp({ needs: ["registry:docker.io"] });
  const query = "{ hello { pull } }";
  await send(query, failing(pullFailed("acme/app:1", "429 Too Many Requests")));
  expect(stateOf(registry, "registry:docker.io")).toBe("open");
  expect(await send(query)).toBe("rejected");
  expect(await send("{ version }")).toBe("sent");
});

test("a success proves nothing about declared needs", async () => {
  const { registry, send } = setUp({ needs: ["registry:docker.io"] });
  await send("{ hello { pull } }", json({ data: { hello: { pull: "" } } }));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 0 });
});

test("http and git hosts have their own breakers, found in the query if the message names none", async () => {
  const { registry, clock, send } = setUp();
  const http =
    '{ http(url: "https://user:hunter2@files.example.com/a.txt?sig=topsecret") { contents } }';
  const git =
    '{ git(url: "https://github.com/acme/ok.git") { branch(name: "main") { tree { entries } } } }';
  for (let second = 0; second < 6; second += 1) {
    await send(
      http,
      failing({ message: "invalid response status 503 Service Unavailable", path: ["http"] }),
    );
    await send(
      git,
      failing({
        message:
          'unexpected client error: unexpected requesting "https://github.com/acme/ok.git/info/refs?service=git-upload-pack" status code: 503',
        path: ["git"],
      }),
    );
    clock.advance(1000);
  }
  expect(await send(http)).toBe("rejected");
  expect(await send(git)).toBe("rejected");
  expect([...registry.getAll().keys()].sort()).toEqual([
    "engine",
    "git:github.com",
    "http:files.example.com",
  ]);
});

test("neither credentials nor query strings reach a breaker, a rejection or a record", async () => {
  const { registry, send } = setUp();
  const http =
    '{ http(url: "https://user:hunter2@files.example.com/a.txt?sig=topsecret") { contents } }';
  await send(
    http,
    failing({ message: "invalid response status 429 Too Many Requests", path: ["http"] }),
  );
  const rejection = registry.get("http:files.example.com").tryAcquire() as Error;
  const record = rejection.cause as FailureRecord;
  expect(record.upstream).toBe("files.example.com");
  const seen = JSON.stringify([rejection, rejection.message, record, [...registry.getAll()]]);
  expect(seen).not.toMatch(/hunter2|topsecret/);
});

test("options of single upstreams take precedence over those of a kind, and both over the defaults", async () => {
  const { registry, send } = setUp({
    breakers: {
      "registry:ghcr.io": { failureThreshold: 1 },
      "registry:*": { failureThreshold: 2 },
    },
  });
  const failed = (host: string) =>
    failing(
      `failed to resolve image "${host}/a/b:1" (platform: "linux/amd64"): unexpected status from HEAD request to https://${host}/v2/a/b/manifests/1: 503 Service Unavailable`,
    );
  await send(from("ghcr.io/a/b:1"), failed("ghcr.io"));
  await send(from("quay.io/a/b:1"), failed("quay.io"));
  expect([stateOf(registry, "registry:ghcr.io"), stateOf(registry, "registry:quay.io")]).toEqual([
    "open",
    "closed",
  ]);
  await send(from("quay.io/a/b:1"), failed("quay.io"));
  expect(stateOf(registry, "registry:quay.io")).toBe("open");
});

test("an upstream without room in the registry runs unguarded, which is announced once", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const registry = createRegistry({ maxBreakers: 1 });
  const session = new GuardedSession(new Guard({ registry }));
  registry.get("engine").observe();
  for (const image of ["alpine:1", "alpine:2"]) {
    await sendIn(session, { query: from(image) }, async () => WORKED);
  }
  expect(registry.getAll().size).toBe(1);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[1]).toMatchObject({ code: "registry-full" });
  warn.mockRestore();
});

test("a probe that proved nothing frees its slot and the circuit stays half-open", async () => {
  const scene = setUp();
  await outage(scene);
  scene.clock.advance(60_000);
  expect(await scene.send(from("alpine:3"), failing("context canceled"))).toBe("sent");
  expect(stateOf(scene.registry, "registry:docker.io")).toBe("half-open");
  expect(await scene.send(from("alpine:3"))).toBe("sent");
  expect(stateOf(scene.registry, "registry:docker.io")).toBe("closed");
});
