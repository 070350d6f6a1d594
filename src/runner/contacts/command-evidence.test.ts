import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { CommandEvidence } from "./command-evidence.js";

const recorded = readFileSync(
  new URL("../../../tests/fixtures/traces/spans.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): EngineSpan & { case: string; engine: string } => JSON.parse(line));

function spansOf(name: string): EngineSpan[] {
  return recorded.filter((span) => span.engine === "v0.21.8" && span.case === name);
}

function evidenceOf(...cases: string[]): CommandEvidence {
  const evidence = new CommandEvidence();
  for (const name of cases) evidence.add(spansOf(name));
  return evidence;
}

test("keeps every outcome of each host once", () => {
  const outcomes = evidenceOf("hub-ok", "hub-q429", "hub-s503", "hub-q429", "git-ok")
    .take()
    .map(({ host, outcome }) => `${host} ${outcome}`);
  expect(outcomes.sort()).toEqual([
    "github.com answered",
    "registry-1.docker.io answered",
    "registry-1.docker.io failed",
    "registry-1.docker.io limited",
  ]);
});

test("spans handed on before all their ancestors ended may be a running command's", () => {
  const evidence = new CommandEvidence();
  evidence.add(spansOf("hub-s503"), false);
  expect(evidence.take()).toMatchObject([{ outcome: "failed", forgeable: true }]);
  evidence.add(spansOf("hub-s503"));
  expect(evidence.take()).toMatchObject([{ outcome: "failed", forgeable: false }]);
});

test("the next attempt starts empty", () => {
  const evidence = evidenceOf("hub-s503");
  expect(evidence.take()).toHaveLength(1);
  expect(evidence.take()).toEqual([]);
});

test("a hung exchange counts only if our own limit cut it off after half of it", () => {
  const hung = (timeoutMs?: number) => {
    const evidence = evidenceOf("hub-s503");
    if (timeoutMs !== undefined) evidence.dropped(timeoutMs);
    evidence.add(spansOf("http-hang"));
    return evidence.take().map(({ host, outcome }) => `${host} ${outcome}`);
  };
  expect(hung()).toEqual(["registry-1.docker.io failed"]);
  expect(hung(30_000)).toEqual(["files.example.com failed"]);
  expect(hung(60_000)).toEqual([]);
});

test("its memory is bounded", () => {
  const [exchange] = spansOf("hub-s503").filter(({ name }) => name === "HTTP HEAD");
  const evidence = new CommandEvidence();
  for (let index = 0; index < 300; index += 1) {
    const span = exchange as EngineSpan;
    const attributes = {
      "http.request.method": "HEAD",
      "http.response.status_code": 503,
      "server.address": `r${index}.example.com`,
    };
    const scope = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp";
    evidence.add([{ ...span, scope, name: "remotes.docker.resolver.HTTPRequest", attributes }]);
  }
  expect(evidence.take()).toHaveLength(256);
});
