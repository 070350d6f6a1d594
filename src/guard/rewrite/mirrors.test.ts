import { expect, test } from "vitest";
import { sendIn } from "../../../tests/guard/one-session.js";
import { readRequest } from "../../attribution/query/read-request.js";
import { createRegistry } from "../../registry/registry.js";
import { Guard } from "../guard.js";
import { GuardedSession } from "../guarded-session.js";
import { withAddresses } from "./addresses.js";
import { chooseMirrors } from "./mirrors.js";

const MIRRORS = { "docker.io": ["mirror.gcr.io", "mirror.example:5000/hub"] };
const ANSWER = {
  status: 200,
  contentType: "application/json",
  body: '{"data":{"container":{"from":{"withExec":{"stdout":""}}}}}',
};

const from = (image: string) =>
  `{ container { from(address: "${image}") { withExec(args: ["echo", "alpine"]) { stdout } } } }`;

function setUp() {
  const registry = createRegistry();
  const guard = new Guard({ registry, mirrors: MIRRORS });
  const session = new GuardedSession(guard);
  const sent: string[] = [];
  const send = (query: string) =>
    sendIn(session, { query }, async (request) => {
      sent.push(request.query);
      return ANSWER;
    });
  return { guard, sent, send };
}

test("rewrites nothing while the registry admits", async () => {
  const { sent, send } = setUp();
  await send(from("alpine:3"));
  expect(sent).toEqual([from("alpine:3")]);
});

test("pulls an image of a rejecting registry from the first mirror that admits", async () => {
  const { guard, sent, send } = setUp();
  guard.upstream("registry:docker.io")?.isolate("down");
  await send(from("alpine:3"));
  guard.upstream("registry:mirror.gcr.io")?.isolate("down, too");
  await send(from("acme/app:1"));
  expect(sent).toEqual([
    from("mirror.gcr.io/library/alpine:3"),
    from("mirror.example:5000/hub/acme/app:1"),
  ]);
});

test("the mirror's own breaker counts the outcome", async () => {
  const { guard, send } = setUp();
  guard.upstream("registry:docker.io")?.isolate("down");
  await send(from("alpine:3"));
  const mirror = guard.upstream("registry:mirror.gcr.io");
  expect(mirror?.getMetrics().metrics.successCount).toBe(1);
});

test("if no mirror admits either, the rejection is the registry's", async () => {
  const { guard, send } = setUp();
  for (const host of ["docker.io", "mirror.gcr.io", "mirror.example:5000"]) {
    guard.upstream(`registry:${host}`)?.isolate("down");
  }
  await expect(send(from("alpine:3"))).rejects.toMatchObject({ breakerName: "registry:docker.io" });
});

test("keeps an image used by this session, one by digest, and one of another registry", async () => {
  const { guard, sent, send } = setUp();
  await send(from("alpine:3"));
  guard.upstream("registry:docker.io")?.isolate("down");
  const digest = `alpine@sha256:${"0".repeat(64)}`;
  for (const image of ["alpine:3", digest, "ghcr.io/acme/app:1"]) await send(from(image));
  expect(sent.slice(1)).toEqual([from("alpine:3"), from(digest), from("ghcr.io/acme/app:1")]);
});

test("never rewrites publish", async () => {
  const { guard, send } = setUp();
  guard.upstream("registry:docker.io")?.isolate("down");
  const publish = '{ container { publish(address: "docker.io/acme/app:1") } }';
  await expect(send(publish)).rejects.toMatchObject({ breakerName: "registry:docker.io" });
});

test("changes only the addresses, in every spelling, and no other character", () => {
  const query = `query Q { # a comment
    a: container { from( address : "alpine" ) { id } }
    b: container { from(address: """docker.io/library/alpine""") { withExec(args: ["alpine"]) { id } } }
  }`;
  const addresses = new Map([["docker.io/library/alpine", "m.example/library/alpine"]]);
  expect(
    withAddresses(readRequest({ query, operationName: "Q" }, true), addresses).request,
  ).toEqual({
    operationName: "Q",
    query: query
      .replace('"alpine" )', '"m.example/library/alpine" )')
      .replace('"""docker.io/library/alpine"""', '"m.example/library/alpine"'),
  });
});

test("the choice asks each breaker only whether it admits", () => {
  const admits = (name: string) => name === "registry:mirror.example:5000";
  expect(chooseMirrors(["docker.io/library/alpine:3", "quay.io/a/b"], MIRRORS, admits)).toEqual(
    new Map([["docker.io/library/alpine:3", "mirror.example:5000/hub/library/alpine:3"]]),
  );
});

test.each([
  [{ "docker.io": [] }, '"mirrors"["docker.io"] is an array, expected a list of mirrors'],
  [{ "docker.io": "mirror.gcr.io" }, '"mirrors"["docker.io"] is "mirror.gcr.io"'],
  [{ "docker.io": ["https://mirror.gcr.io"] }, 'is "https://mirror.gcr.io", expected HOST'],
  [{ "index.docker.io": ["mirror.gcr.io"] }, 'is "index.docker.io", expected "docker.io"'],
  [{ "Docker Hub": ["mirror.gcr.io"] }, 'is "Docker Hub", expected HOST'],
  ["mirror.gcr.io", 'guard option "mirrors" is "mirror.gcr.io", expected an object'],
])("wrong mirrors throw: %j", (mirrors, message) => {
  expect(() => new Guard({ mirrors: mirrors as never })).toThrow(message);
});
