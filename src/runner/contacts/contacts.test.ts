import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { decodeSpans } from "../../traces/otlp/decode.js";
import { type Contacts, ContactTotals } from "./contacts.js";
import { RequestSpans } from "./request-spans.js";

const recorded = readLines<EngineSpan & { case: string; engine: string }>("spans.jsonl");
const H5 = "sha256:4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c";

/** Returns the contacts in the recorded spans of some cases. The spans arrive in bodies of 50. */
function contactsOf(engine: string, ...cases: string[]): Contacts {
  return totalsOf(
    recorded.filter((span) => span.engine === engine && cases.includes(span.case)),
    50,
  );
}

function totalsOf(spans: readonly EngineSpan[], bodySpans: number): Contacts {
  const totals = new ContactTotals();
  const requests = new RequestSpans((over) => totals.add(over));
  for (let at = 0; at < spans.length; at += bodySpans) {
    requests.take(spans.slice(at, at + bodySpans));
  }
  requests.end();
  return totals.totals();
}

function countsOf({ upstreams }: Contacts, host: string) {
  const found = upstreams.find((upstream) => upstream.host === host);
  if (found === undefined) return undefined;
  const { exchanges, answered, failed, limited, undecided, repeated } = found;
  return { exchanges, answered, failed, limited, undecided, repeated };
}

const NONE = { failed: 0, limited: 0, undecided: 0, repeated: 0 };

test("a pull is seven exchanges with the registry and two with its token server", () => {
  const contacts = contactsOf("v0.21.8", "ok-exec");
  expect(countsOf(contacts, "registry-1.docker.io")).toEqual({
    ...NONE,
    exchanges: 7,
    answered: 7,
  });
  expect(countsOf(contacts, "auth.docker.io")).toEqual({ ...NONE, exchanges: 2, answered: 2 });
  expect(contacts.upstreams.map(({ host, serves }) => [host, serves])).toEqual([
    ["registry-1.docker.io", null],
    ["auth.docker.io", "registry:docker.io"],
  ]);
  expect(contacts.upstreams[0]?.slowestMs).toBeCloseTo(56.294, 2);
  expect(contacts.upstreams[0]?.durationMs).toBeCloseTo(94.774, 2);
});

test("of a limited pull, counts the exchanges that the engine repeated at once", () => {
  const contacts = contactsOf("v0.21.8", "hub-q429");
  expect(countsOf(contacts, "registry-1.docker.io")).toEqual({
    ...NONE,
    exchanges: 6,
    answered: 1,
    limited: 5,
    repeated: 4,
  });
});

test("fetching a token and asking again is not a repetition", () => {
  const contacts = contactsOf("v0.21.8", "hub-ok");
  expect(countsOf(contacts, "registry-1.docker.io")?.repeated).toBe(0);
});

test("an older engine repeats a layer for seven seconds", () => {
  const contacts = contactsOf("v0.19.11", "layer-blobs503");
  expect(countsOf(contacts, "registry-1.docker.io")).toEqual({
    ...NONE,
    exchanges: 9,
    answered: 1,
    failed: 8,
    repeated: 7,
  });
});

test("includes git and http hosts, and a canceled exchange is undecided", () => {
  const contacts = contactsOf("v0.21.8", "git-ok", "git-s503", "http-ok", "http-s503", "http-hang");
  expect(countsOf(contacts, "github.com")).toEqual({
    ...NONE,
    exchanges: 3,
    answered: 2,
    failed: 1,
  });
  expect(countsOf(contacts, "files.example.com")).toEqual({
    ...NONE,
    exchanges: 3,
    answered: 1,
    failed: 1,
    undecided: 1,
  });
});

test("images have the digests of their tags, and show whether a registry was asked", () => {
  const image = { image: "docker.io/library/busybox:h5", digests: [H5], uses: 1 };
  expect(contactsOf("v0.21.8", "digest-ok").images).toEqual([{ ...image, asked: false }]);
  expect(contactsOf("v0.21.8", "ok-exec").images).toEqual([{ ...image, asked: true }]);
  expect(contactsOf("v0.21.8", "ok-exec", "digest-ok").images).toEqual([
    { ...image, uses: 2, asked: true },
  ]);
});

test("counts cached calls by their name, the most frequent first", () => {
  const { cached } = contactsOf("v0.21.8", "publish-ok", "module-ok");
  expect(cached).toEqual({
    calls: 4,
    byCall: [
      { call: "Query.container", calls: 2 },
      { call: "Container.from", calls: 1 },
      { call: "Container.withExec", calls: 1 },
    ],
    hosts: [],
  });
});

test.each(["v0.21.8", "v0.19.11"])("the bodies of %s may be split anywhere", (engine) => {
  const spans = recorded.filter((span) => span.engine === engine);
  const whole = totalsOf(spans, spans.length);
  const counts = ({ upstreams }: Contacts) => upstreams.map((one) => ({ ...one, durationMs: 0 }));
  for (const bodySpans of [1, 7, 100]) {
    const parts = totalsOf(spans, bodySpans);
    expect({ ...parts, upstreams: counts(parts) }).toEqual({ ...whole, upstreams: counts(whole) });
  }
});

test("bodies as the exporter made them give the same result", () => {
  const bodies = readLines<{ base64: string }>("otlp.jsonl");
  const spans = bodies.flatMap(({ base64 }) => decodeSpans(Buffer.from(base64, "base64")));
  const contacts = totalsOf(spans, 20);
  expect(contacts.requests).toBe(16);
  expect(contacts.images.map(({ image, digests }) => [image, digests])).toEqual([
    ["docker.io/library/busybox:h5", [H5]],
  ]);
});

test("contacts contain no URL, path, credential or message", () => {
  const all = JSON.stringify([totalsOf(recorded, 50)]);
  for (const secret of ["hunter2", "manifests", "/a.txt", "EOF", "://", "refused", "echo"]) {
    expect(all).not.toContain(secret);
  }
});

describe("its memory is bounded", () => {
  const exchange = recorded.find(({ name }) => name === "HTTP HEAD") as EngineSpan;
  const exchanges = (hosts: number) =>
    Array.from({ length: hosts }, (_, index) => ({
      ...exchange,
      id: `${index}`,
      name: "remotes.docker.resolver.HTTPRequest",
      attributes: { ...exchange.attributes, "server.address": `r${index}.example.com` },
    }));

  test("counts hosts beyond 256 together", () => {
    const { upstreams, omitted } = totalsOf(exchanges(300), 300);
    expect(upstreams).toHaveLength(256);
    expect(omitted).toEqual({ exchanges: 44, images: 0 });
  });

  test("continues to count a known host", () => {
    const { upstreams } = totalsOf([...exchanges(300), { ...exchange, id: "x" }], 400);
    expect(upstreams).toHaveLength(256);
    const again = exchanges(300).map((span) => ({ ...span, trace: "f".repeat(32) }));
    expect(totalsOf([...exchanges(300), ...again], 600).upstreams[0]?.exchanges).toBe(2);
  });
});

function readLines<T>(file: string): T[] {
  const url = new URL(`../../../tests/fixtures/traces/${file}`, import.meta.url);
  return readFileSync(url, "utf8")
    .trim()
    .split("\n")
    .map((line): T => JSON.parse(line));
}
