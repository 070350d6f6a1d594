import { expect, test } from "vitest";
import { call, http, request, span, wrapped } from "../../../tests/traces/made-spans.js";
import { evidenceFromSpans } from "./evidence.js";
import type { EngineSpan } from "./span.js";

const said = (spans: readonly EngineSpan[], options = {}) =>
  evidenceFromSpans(spans, options).map(
    ({ kind, host, servesHost, outcome, status }) =>
      `${kind}:${host} for ${servesHost} ${outcome} ${status}`,
  );

test("a failure of a registry's layer store counts for the registry", () => {
  const root = request();
  const pull = span("pulling registry.example.com/team/app:1", root);
  const outer = wrapped("HTTPRequest", "https://registry.example.com/v2/team/app/blobs/1", pull);
  const asked = http("https://registry.example.com/v2/team/app/blobs/1", 307, outer, 1);
  const store = http("https://store.example.net/blob?Signature=secret", 503, outer, 2);
  expect(said([root, pull, outer, asked, store])).toEqual([
    "registry:registry.example.com for registry.example.com answered 307",
    "registry:store.example.net for registry.example.com failed 503",
  ]);
});

test("a token server can fail but proves nothing, nor does the 401 that leads to it", () => {
  const root = request();
  const work = span("resolving registry.example.com/app:1", root);
  const url = "https://registry.example.com/v2/app/manifests/1";
  const outer = wrapped("HTTPRequest", url, work);
  const first = http(url, 401, outer, 1);
  const tokens = wrapped("FetchToken", "https://tokens.example.com/token", work, 20);
  const fetched = http("https://tokens.example.com/token", 200, tokens, 20);
  expect(said([root, work, outer, first, tokens, fetched])).toEqual([]);
  const failing = http("https://tokens.example.com/token", 503, tokens, 20);
  expect(said([root, work, outer, first, tokens, failing])).toEqual([
    "registry:tokens.example.com for registry.example.com failed 503",
  ]);
  const again = wrapped("HTTPRequest", url, work, 40);
  const denied = http(url, 401, again, 41);
  expect(said([root, work, outer, first, tokens, fetched, again, denied])).toEqual([
    "registry:registry.example.com for registry.example.com answered 401",
  ]);
});

test("a mirror acts for the registry of the image", () => {
  const root = request();
  const work = span("resolving docker.io/library/alpine:3", root);
  const outer = wrapped("HTTPRequest", "https://mirror.example.com/v2/library/alpine", work);
  const refused = { status: "error" as const, message: "dial tcp 10.0.0.1:443: connect: refused" };
  const asked = http("https://mirror.example.com/v2/library/alpine", undefined, outer, 0, refused);
  expect(said([root, work, outer, asked])).toEqual([
    "registry:mirror.example.com for docker.io failed null",
  ]);
});

test("the last attempt that proves anything decides; a canceled one proves nothing", () => {
  const root = request();
  const work = span("pushing ghcr.io/team/app:1", root);
  const url = "https://ghcr.io/v2/team/app/blobs/1";
  const cancelled = { status: "error" as const, message: "context canceled" };
  const failing = [http(url, 503, work, 0), http(url, undefined, work, 20, cancelled)];
  expect(said([root, work, ...failing])).toEqual(["registry:ghcr.io for ghcr.io failed 503"]);
  expect(said([root, work, ...failing, http(url, 200, work, 40)])).toEqual([
    "registry:ghcr.io for ghcr.io answered 200",
  ]);
});

test("a body that breaks off fails although its status was good", () => {
  const root = request();
  const work = span("pulling ghcr.io/team/app:1", root);
  const cut = { status: "error" as const, message: "unexpected EOF" };
  const body = http("https://ghcr.io/v2/team/app/blobs/1", 200, work, 0, cut);
  expect(said([root, work, body])).toEqual(["registry:ghcr.io for ghcr.io failed 200"]);
});

test("an untrusted certificate on this side is not an outage", () => {
  const root = request();
  const work = span("pulling ghcr.io/team/app:1", root);
  const message =
    "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  const more = { status: "error" as const, message };
  expect(said([root, work, http("https://ghcr.io/v2/", undefined, work, 0, more)])).toEqual([]);
});

test("ports and addresses of version 6 stay in the name of the host", () => {
  const root = request();
  const work = span("pulling [::1]:5000/app:1", root);
  expect(said([root, work, http("http://[::1]:5000/v2/", 500, work)])).toEqual([
    "registry:[::1]:5000 for [::1]:5000 failed 500",
  ]);
});

test("reads http and git from calls of the API, unless the cache answered", () => {
  const root = request();
  const url = "https://bot:hunter2@files.example.com:8443/a?token=s3cret";
  const given = { status: "ok" as const, attributes: call("http", "url", url) };
  const worked = span("Query.http", root, given);
  expect(said([root, worked])).toEqual([
    "http:files.example.com:8443 for files.example.com:8443 answered null",
  ]);
  const cached = { ...given.attributes, "dagger.io/dag.cached": true };
  expect(said([root, span("Query.http", root, { ...given, attributes: cached })])).toEqual([]);
  const inside = span("dagop.fs http", worked, { attributes: { "dagger.io/dag.cached": true } });
  expect(said([root, worked, inside])).toEqual([]);
  const message = 'unexpected client error: unexpected requesting "https://x" status code: 503';
  const git = {
    status: "error" as const,
    message,
    attributes: call("git", "url", "ssh://git@git.example.com/a"),
  };
  expect(said([root, span("Query.git", root, git)])).toEqual([
    "git:x for git.example.com failed 503",
  ]);
});

test("a fetch of git belongs to the remote that its siblings have named", () => {
  const root = request();
  const tree = span("GitRef.tree", root);
  const git = (name: string, atMs: number, more = {}) =>
    span(name, tree, { scope: "dagger.io/gitutil", status: "ok", ...more }, atMs);
  const named = git("git remote add origin git@git.example.com:team/app.git", 0);
  const fetched = git("git fetch --no-tags --depth=1 origin 938ebfed", 20);
  const local = git("git fetch -u --depth=1 file:///var/lib/dagger/worker/snapshots/1", 40);
  const hooked = git("git -c core.hooksPath=/x ls-remote --symref https://other.example.com/b", 60);
  expect(said([root, tree, named, fetched, local, hooked])).toEqual([
    "git:git.example.com for git.example.com answered null",
    "git:other.example.com for other.example.com answered null",
  ]);
  const status = { status: "error", message: "git error: exit status 128" };
  expect(said([root, tree, git("git ls-remote https://git.example.com/a", 0, status)])).toEqual([]);
});

test("a request inside a function of a module belongs to the request that called it", () => {
  const root = request("00f067aa0ba902b7");
  const called = span("Hello.pull", root);
  const exec = span("exec /runtime", called);
  const inner = request(exec);
  const work = span("pulling ghcr.io/team/app:1", inner);
  const [found] = evidenceFromSpans([
    http("https://ghcr.io/v2/", 429, work),
    work,
    inner,
    exec,
    called,
    root,
  ]);
  expect(found).toMatchObject({ outcome: "limited", requestId: "00f067aa0ba902b7" });
});

test("spans that refer to each other in a circle end the search, not the process", () => {
  const one = span("resolving ghcr.io/a:1", "00000000000000ff");
  const two = { ...span("resolving ghcr.io/a:1", one), id: "00000000000000ff" };
  expect(evidenceFromSpans([one, two, http("https://ghcr.io/v2/", 200, one)])).toHaveLength(1);
  expect(evidenceFromSpans([one, two, http("https://ghcr.io/v2/", 503, one)])).toEqual([]);
});

test("a span that has not ended proves nothing, and the same one later does", () => {
  const root = request();
  const work = span("pulling ghcr.io/team/app:1", root);
  const ended = http("https://ghcr.io/v2/", 200, work);
  const begun = { ...http("https://ghcr.io/v2/", undefined, work), id: ended.id, endNs: "0" };
  expect(said([begun, work, root])).toEqual([]);
  expect(said([begun, ended, work, root])).toEqual(["registry:ghcr.io for ghcr.io answered 200"]);
});

test("forged nonsense in attributes proves nothing and throws nothing", () => {
  const root = request();
  for (const attributes of [
    { "http.request.method": "GET", "server.address": "a b" },
    { "http.request.method": "GET", "server.address": "" },
    { "http.request.method": "GET", "server.address": "ghcr.io", "server.port": "x" },
    { "dagger.io/dag.call": "!!!" },
    { "dagger.io/dag.call": "IoCAgIAI" },
    { "dagger.io/dag.call": 5 },
  ]) {
    const forged = span("Query.http", root, { status: "error", message: "EOF", attributes });
    expect(evidenceFromSpans([root, forged])).toEqual([]);
  }
});

test("code in a container cannot fake a hanging host or a longer exchange of the engine", () => {
  const root = request();
  const pull = span("resolving ghcr.io/team/app:1", root);
  const command = span("Container.withExec", root);
  const url = "https://ghcr.io/v2/team/app/manifests/1";
  const long = { startNs: "1795473200000000000", status: "error" as const };
  const hung = http(url, undefined, command, 0, { ...long, message: "context canceled" });
  expect(evidenceFromSpans([root, command, hung], { timedOutAfterMs: 10 })).toEqual([]);
  const slow = http("https://ghcr.io/v2/", 200, command, 0, { startNs: "1795473200000000000" });
  const [evidence] = evidenceFromSpans([root, pull, command, slow, http(url, 200, pull)]);
  expect(evidence).toMatchObject({ host: "ghcr.io", durationMs: 10, forgeable: false });
});

test("a wrong option is named", () => {
  expect(() => evidenceFromSpans([], { timedOutAfterMs: -1 })).toThrow(
    'evidenceFromSpans option "timedOutAfterMs" is -1',
  );
});
