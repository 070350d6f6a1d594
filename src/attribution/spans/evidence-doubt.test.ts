// Tests spans that code in a container could have sent, and the twin spans of 1.0.
import { expect, test } from "vitest";
import { call, http, request, span } from "../../../tests/traces/made-spans.js";
import { evidenceFromSpans } from "./evidence.js";

test("a span below a command reports no failed host, and its answers are forgeable", () => {
  const root = request("00f067aa0ba902b7");
  const exec = span("Container.withExec", root);
  for (const forged of [exec, request(exec), span("Hello.fetch", exec)]) {
    const work = span("resolving ghcr.io/a:1", forged);
    const said = (status: number) =>
      evidenceFromSpans([http("https://ghcr.io/v2/", status, work), work, forged, exec, root]);
    expect([503, 429, 408].flatMap(said)).toEqual([]);
    expect(said(200)).toMatchObject([{ outcome: "answered", forgeable: true }]);
  }
});

test("of two failures of a host, the one that no function can forge counts", () => {
  const root = request("00f067aa0ba902b7");
  const called = span("Hello.pull", root);
  const own = span("resolving ghcr.io/a:1", root);
  const inner = span("resolving ghcr.io/b:1", called);
  const limited = http("https://ghcr.io/v2/a", 429, own);
  const forged = http("https://ghcr.io/v2/b", 503, inner);
  for (const spans of [
    [limited, forged],
    [forged, limited],
  ]) {
    expect(evidenceFromSpans([...spans, own, inner, called, root])).toMatchObject([
      { outcome: "limited", forgeable: false },
    ]);
  }
});

const failedFetch = {
  scope: "go.opentelemetry.io/otel/sdk/tracer",
  status: "error",
  message: "invalid response status 503 Service Unavailable",
} as const;

test("on 1.0 a fetch names the host of `http`, and a twin span counts nothing twice", () => {
  const root = request("00f067aa0ba902b7");
  const failed = { status: "error", message: failedFetch.message } as const;
  const arguments_ = { attributes: call("http", "url", "https://files.example.com/a") };
  const core = span("Query.http", root, { ...failed, ...arguments_ });
  const twin = span("Query.http", core, { ...failed, scope: "dagger.io/dagql" });
  const resolve = span("HTTPState._resolve", twin, failed);
  const fetching = span("fetching https://files.example.com/a", resolve, failedFetch);
  expect(evidenceFromSpans([root, core, twin, resolve, fetching])).toMatchObject([
    { kind: "http", host: "files.example.com", outcome: "failed", status: 503 },
  ]);
  // If the session made an equal call before, the engine sends only the twin.
  const alone = { ...twin, parent: root.id };
  expect(evidenceFromSpans([root, alone, resolve, fetching])).toMatchObject([
    { kind: "http", host: "files.example.com", outcome: "failed" },
  ]);
  const fetched = { ...fetching, status: "unset", message: "" } as const;
  expect(evidenceFromSpans([root, core, twin, resolve, fetched])).toMatchObject([
    { host: "files.example.com", outcome: "answered" },
  ]);
});

test("on 1.0 a call of `http` that fetched nothing proves nothing", () => {
  const root = request("00f067aa0ba902b7");
  const core = span("Query.http", root, {
    attributes: call("http", "url", "https://files.example.com/a"),
  });
  const twin = span("Query.http", core, { scope: "dagger.io/dagql" });
  expect(evidenceFromSpans([root, core, twin])).toEqual([]);
  const hit = { ...core, attributes: { ...core.attributes, "dagger.io/cache.outcome": "hit" } };
  expect(evidenceFromSpans([root, hit])).toEqual([]);
});

test("git's own commands report its fetches", () => {
  const root = request("00f067aa0ba902b7");
  const tree = span("GitRef.tree", root);
  const fetching = span("fetching https://github.com/acme/lib.git", tree, failedFetch);
  expect(evidenceFromSpans([root, tree, fetching])).toEqual([]);
});

test("the twin of a call of `git` names the host that it could not ask", () => {
  const root = request("00f067aa0ba902b7");
  const twin = span("Query.git", root, {
    scope: "dagger.io/dagql",
    status: "error",
    message:
      'unexpected client error: unexpected requesting "https://github.com/acme/lib/info/refs?service=git-upload-pack" status code: 503',
  });
  expect(evidenceFromSpans([root, twin])).toMatchObject([
    { kind: "git", host: "github.com", outcome: "failed", status: 503 },
  ]);
});
