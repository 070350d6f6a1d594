/** Tests that the double's engine creates the spans that real engines created for the same requests. */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Evidence, evidenceFromSpans } from "../../src/attribution/index.js";
import {
  type EngineVersion,
  type SessionDouble,
  startSessionDouble,
} from "../../src/testing/index.js";
import { decodeSpans, type EngineSpan } from "../../src/traces/index.js";
import { type FakeCollector, startCollector } from "../traces/fake-collector.js";
import { data, send } from "./client.js";
import { RECORDED_CASES, RECORDED_FAULTS } from "./recorded-cases.js";
import { HELLO } from "./recorded-module.js";
import { type Omissions, type SpanNode, treesOf } from "./span-trees.js";
import { startUpstream, type Upstream } from "./upstream.js";

type Engine = EngineVersion;

interface RecordedSpan extends EngineSpan {
  readonly engine: Engine;
  readonly case: string;
}

const recorded = ["spans.jsonl", "spans-1.0.jsonl"].flatMap((name) =>
  readFileSync(new URL(`../fixtures/traces/${name}`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedSpan),
);

const MODULE_CASES = [
  ...["module-ok", "module-test-fails", "module-pull-429", "module-pull-503", "module-pull-404"],
  ...["module-fetch-503", "module-nofunc"],
];

/** The cases that were recorded on both lines, one list for each session. */
const BOTH_LINES: readonly (readonly string[])[] = [
  [
    ...["version", "typename", "ok-exec", "exec-exit1", "exec-exit42-nooutput", "ok-exec-again"],
    ...["exec-127", "exec-429-text", "exec-expect-any", "exec-expect-failure"],
    ...["exec-two-in-one", "exec-both-fail", "exec-nofrom", "exec-noargs"],
    ...["gql-syntax", "gql-unknown-field", "gql-wrong-type", "gql-missing-arg", "gql-bad-id"],
    ...["ref-invalid", "hub-ok", "hub-q429", "hub-q429retry", "hub-s500", "hub-s502", "hub-s503"],
    ...["hub-d401", "hub-d403", "hub-n404", "hub-reset", "hub-auth503", "hub-auth401"],
    ...["hub-blobs503", "hub-blobq429", "hub-blobn404", "hub-hang"],
  ],
  [
    ...["reg-nxdomain", "reg-refused", "reg-ghcr-503", "reg-ghcr-ok", "digest-ok"],
    ...["http-ok", "http-s404", "http-s403", "http-s401", "http-s429", "http-s500", "http-s503"],
    ...["http-reset", "http-cut", "http-hang"],
  ],
  ["http-nxdomain", "http-credentials", "git-ok", "git-ok-tag", "git-noref"],
  ["git-s404", "git-s401", "git-s403", "git-s500", "git-s503", "git-reset", "git-hang"],
  ["git-nxdomain", "git-ssh-nokey", "git-credentials"],
  ["publish-ok", "publish-503", "publish-401", "publish-refused"],
  ["layer-blobs503", "layer-blobd403", "layer-blobresetbody"],
  ["p-get", "p-get-query", "p-badjson", "p-empty", "p-text"],
  MODULE_CASES,
];

/** The cases to compare, one list for each recorded session, in the recorded order. */
const SESSIONS: Readonly<Record<Engine, readonly (readonly string[])[]>> = {
  "v0.21.8": BOTH_LINES,
  "v1.0.0-beta.10": BOTH_LINES,
  "v0.19.11": [
    [
      ...["ok-exec", "typename", "exec-exit1", "exec-exit42-nooutput", "exec-127", "exec-429-text"],
      ...["exec-expect-any", "exec-expect-failure", "exec-two-in-one", "exec-nofrom"],
      ...["exec-noargs", "gql-syntax", "gql-bad-id", "ref-invalid"],
      ...["hub-q429", "hub-s500", "hub-s502", "hub-d401", "hub-d403", "hub-n404", "hub-reset"],
      ...["hub-auth503", "hub-auth401", "hub-hang"],
    ],
    ["reg-nxdomain", "reg-refused", "reg-ghcr-503"],
    ["http-ok", "http-s404", "http-s503", "http-reset", "http-cut", "http-hang"],
    ["http-credentials", "git-ok", "git-ok-tag", "git-noref"],
    ["git-s404", "git-s401", "git-s403", "git-s503", "git-reset", "git-hang", "git-ssh-nokey"],
    ["publish-ok", "publish-401"],
  ],
};

/**
 * Cases that run first and are not compared. They create the state of the engine of 0.19 when its recording
 * began: it already had the image, and a token for it.
 */
const ONLY_PREPARE: ReadonlySet<string> = new Set(["v0.19.11 ok-exec", "v0.19.11 publish-ok"]);

describe.each(Object.keys(SESSIONS) as Engine[])("engine %s", (engine) => {
  const compared = SESSIONS[engine].flat().filter((id) => !ONLY_PREPARE.has(`${engine} ${id}`));
  const made = new Map<string, EngineSpan[]>();
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    await using collector = await startCollector();
    const traces = new Map<string, string>();
    await run(engine, collector, upstream, traces);
    for (const { body } of collector.received) {
      for (const span of decodeSpans(body)) {
        const id = traces.get(span.trace) ?? "";
        made.set(id, [...(made.get(id) ?? []), span]);
      }
    }
  });

  afterAll(() => upstream[Symbol.asyncDispose]());

  test.each(compared)("makes the spans of %s", (id) => {
    const isDropped = engine === ONE && id.endsWith("-hang");
    const normalise = (text: string) => normalised(text, upstream.url, isDropped);
    const omissions = omissionsOf(engine, id);
    const ofDouble = treesOf(made.get(id) ?? [], omissions, normalise);
    const ofEngine = treesOf(recordedSpans(engine, id), omissions, normalise);
    expect(shown(ofDouble)).toEqual(shown(ofEngine));
  });

  test.each(compared)("the spans of %s prove the same as the recorded ones", (id) => {
    expect(told(evidenceFromSpans(withoutNameServer(made.get(id) ?? [])), upstream.url)).toEqual(
      told(evidenceFromSpans(withoutNameServer(recordedSpans(engine, id))), upstream.url),
    );
  });
});

function recordedSpans(engine: Engine, id: string): readonly EngineSpan[] {
  const spans = recorded.filter((span) => span.engine === engine && span.case === id);
  // git copied a clone inside the engine, so the recording contains two commands that add a remote. The
  // second is internal and left out.
  const remotes = spans.filter(({ name }) => name.startsWith("git remote add origin "));
  return spans.filter((span) => !remotes.slice(1).includes(span));
}

/** Sends the requests of all cases, each in its own trace, and then ends the double. */
async function run(
  engine: Engine,
  collector: FakeCollector,
  upstream: Upstream,
  traces: Map<string, string>,
): Promise<void> {
  upstream.createRepository("ok.git");
  const traced = { endpoint: collector.endpoint, scheduleDelayMs: 10 };
  const faults = [...RECORDED_FAULTS, ...HANGING];
  await using double = await startSessionDouble({
    ...{ engineVersion: engine, faults, traces: traced, modules: { hello: HELLO } },
    workdir: tmpdir(),
  });
  for (const [index, cases] of SESSIONS[engine].entries()) {
    const session = index === 0 ? double : await double.openSession();
    for (const id of cases) await sendCase(session, engine, id, upstream, traces);
    if (session !== double) await session.stop();
  }
}

const HANGING = [
  { operation: "from", contains: "faults/hang:", kind: "hang" },
  { operation: "http", contains: "/f/hang/", kind: "hang" },
  { operation: "git", contains: "/f/hang/", kind: "hang" },
] as const;

/**
 * For each case that hangs: the host at which it hangs, and how many requests that host gets. The test
 * drops the case after the last of them.
 */
const HANGING_AT: Readonly<Record<string, readonly [host: string, requests: number]>> = {
  "hub-hang": ["docker.io", 2],
  "http-hang": ["files.example.com", 1],
  "git-hang": ["github.com", 1],
};

/** The recorded requests that are not ordinary queries. */
const REQUESTS: Readonly<Record<string, Parameters<typeof send>[1]>> = {
  "p-get": { method: "GET" },
  "p-get-query": { method: "GET", path: "/query?query=%7B%20version%20%7D" },
  "p-badjson": { body: "{nope" },
  "p-empty": { body: "" },
  "p-text": { body: "{ version }", headers: { "content-type": "text/plain" } },
};

/** The queries of cases whose recording lacks the query. */
const QUERIES: Readonly<Record<string, string>> = {
  "hub-hang": pulling("faults/hang:latest"),
  "http-ok": '{ http(url: "https://files.example.com/ok/a.txt") { contents } }',
  "http-hang": '{ http(url: "https://files.example.com/f/hang/a.txt") { contents } }',
  "git-ok":
    '{ git(url: "https://github.com/acme/ok.git") { branch(name: "main") { tree { entries } } } }',
  "git-ok-tag": '{ git(url: "https://github.com/acme/ok.git") { tag(name: "v1.0.0") { commit } } }',
  "git-noref":
    '{ git(url: "https://github.com/acme/ok.git") { branch(name: "nope") { tree { entries } } } }',
  "git-hang":
    '{ git(url: "https://github.com/f/hang/repo.git") { branch(name: "main") { tree { entries } } } }',
};

function pulling(address: string): string {
  return `{ container { from(address: "${address}") { withExec(args: ["true"]) { stdout } } } }`;
}

async function sendCase(
  session: SessionDouble,
  engine: Engine,
  id: string,
  upstream: Upstream,
  traces: Map<string, string>,
): Promise<void> {
  const trace = randomBytes(16).toString("hex");
  traces.set(trace, id);
  const headers = { traceparent: `00-${trace}-${randomBytes(8).toString("hex")}-01` };
  const given = REQUESTS[id];
  const query = given === undefined ? await queryOf(session, engine, id, upstream) : "";
  const request = given ?? { body: JSON.stringify({ query }) };
  const [host = "", requests = 0] = HANGING_AT[id] ?? [];
  const before = session.requestsTo(host);
  const dropping = new AbortController();
  const answered = send(session, {
    ...request,
    headers: { ...headers, ...request.headers },
    signal: dropping.signal,
  }).catch(() => expect(dropping.signal.aborted).toBe(true));
  if (requests > 0) {
    await vi.waitUntil(() => session.requestsTo(host) - before === requests);
    dropping.abort();
  }
  await answered;
}

async function queryOf(
  session: SessionDouble,
  engine: Engine,
  id: string,
  { url }: Upstream,
): Promise<string> {
  if (id === "digest-ok") {
    // Uses another session, so that the session of the cases stays without this image.
    await using other = await session.openSession();
    const { container } = (await data(
      other,
      '{ container { from(address: "busybox:h5") { imageRef } } }',
    )) as { container: { from: { imageRef: string } } };
    return pulling(container.from.imageRef);
  }
  const found = RECORDED_CASES.find((one) => one.engine === engine && one.id === id)?.query;
  return (QUERIES[id] ?? found ?? "")
    .replace("https://files.example.com/ok/", `${url}/ok/`)
    .replace("https://github.com/acme/", `${url}/git/`);
}

/**
 * Returns which parts the comparison leaves out:
 *
 * - spans of `resume ...`, `dagql.publishResult` and `dagop. ...`: an engine records postponed work with
 * them. Children of a `dagop.` span move up.
 * - the commands with which git copies a clone from one folder of the engine to another
 * - for 0.19, the ids of effects and of buildkit's vertices, and stack traces
 */
function omissionsOf(engine: Engine, id: string): Omissions {
  return {
    span: (span) => {
      const { name } = span;
      if (/^(?:resume |dagql\.publishResult$|wcprof\.)/.test(name)) return "with all";
      if (GIT_HOUSEKEEPING.test(name)) return "with all";
      if (engine === ONE && NOT_KEPT_SPAN.test(name)) return "with all";
      if (ONE_IMAGE.has(id) && belongsToContents(span)) return "with all";
      return name.startsWith("dagop.") ? "alone" : undefined;
    },
    attribute: (name) =>
      /^dagger\.io\/effect|^vertex$|^exception\.stacktrace$/.test(name) ||
      (engine === ONE && NOT_KEPT.test(name)) ||
      (id === "module-ok" && /^dagger\.io\/dag\.(?:cached|pending)$/.test(name)) ||
      (ONE_IMAGE.has(id) && name === "dagger.io/dag.pending"),
  };
}

const ONE = "v1.0.0-beta.10";

/**
 * Matches spans that are left out on 1.0. The recording lacks them, except `String.entries`, which it has
 * once for each text of a list.
 */
const NOT_KEPT_SPAN = /^git (?:-c \S+ init --bare|checkout )|^String\.entries$/;
const NOT_KEPT =
  /^(?:dagger\.io\/|wcprof\.|error\.type$|network\.|exportLayers\.|http\.request\.header\.)/;

const GIT_HOUSEKEEPING =
  /^git (?:-c \S+ init$|fetch -u|read-tree|reflog|reset|rev-parse|submodule|update-ref)/;

/**
 * Cases whose image was already known. During the recording, all registries served the same image under all
 * names. So the engine had the content after the first case, and had run the same command on it. The double
 * has a different image for each name.
 */
const ONE_IMAGE: ReadonlySet<string> = new Set(["hub-ok", "reg-ghcr-ok", "digest-ok"]);

function belongsToContents({ name, attributes }: EngineSpan): boolean {
  if (name === "Container.withExec" || name === "Container.stdout") return true;
  const url = String(attributes["url.full"]);
  return /^(?:pulling|unpacking) /.test(name) || /\/manifests\/sha256:|\/blobs\//.test(url);
}

function normalised(text: string, upstream: string, isDropped: boolean): string {
  return (
    text
      .replaceAll(`${upstream}/git/`, "https://github.com/acme/")
      .replaceAll(upstream, "https://files.example.com")
      // The decoder removes credentials and query strings, so they are removed here too.
      .replace(/^fetching https:\/\/\S+@([^?]+)\?\S+/, "fetching https://$1")
      // On 1.0, the second span of a dropped call has a longer message than the first.
      .replace(/^.+: context canceled$/, (text) => (isDropped ? "context canceled" : text))
      .replace(/sha256(:|%3A)[0-9a-f]{64}/g, "sha256$1digest")
      .replace(/expected \d+ bytes/g, "expected some bytes")
      .replace(/xxh3:[0-9a-f]{16}/g, "xxh3:digest")
      .replace(/\b[0-9a-f]{40}\b/g, "commit")
      .replace(/uploads\/[^?]+\?.*digest=/, "uploads/upload?digest=")
      .replace(/lookup (\S+) on \S+:53/g, "lookup $1 on name-server:53")
  );
}

function shown(trees: readonly SpanNode[], indent = ""): string {
  return trees
    .map(({ scope, name, status, message, attributes, children }) => {
      const own = `${indent}[${scope}] ${name} {${status}${message && ` ${message}`}}`;
      return `${own} ${JSON.stringify(attributes)}\n${shown(children, `${indent}  `)}`;
    })
    .join("");
}

/** Removes the address of a name server, because its port could be mistaken for a status. */
function withoutNameServer(spans: readonly EngineSpan[]): readonly EngineSpan[] {
  return spans.map((span) => ({
    ...span,
    message: span.message.replace(/lookup (\S+) on \S+:53/, "lookup $1 on name-server:53"),
  }));
}

function told(evidence: readonly Evidence[], upstream: string): unknown {
  const { host: own } = new URL(upstream);
  return evidence.map(({ kind, host, servesHost, outcome, status }) => {
    const known = (name: string) =>
      name === own ? (kind === "git" ? "github.com" : "files.example.com") : name;
    // When several exchanges were answered, the status of the longest one is reported. Which one is the
    // longest is random, so the status is not compared.
    const failedWith = outcome === "answered" ? undefined : status;
    return { kind, host: known(host), servesHost: known(servesHost), outcome, failedWith };
  });
}
