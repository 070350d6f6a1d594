import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { CommandExchanges } from "./command-exchanges.js";

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

function exchangesOfCases(...cases: string[]): CommandExchanges {
  const exchanges = new CommandExchanges();
  for (const name of cases) exchanges.add(spansOf(name));
  return exchanges;
}

test("keeps every outcome of each host once", () => {
  const outcomes = exchangesOfCases("hub-ok", "hub-q429", "hub-s503", "hub-q429", "git-ok")
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
  const exchanges = new CommandExchanges();
  exchanges.add(spansOf("hub-s503"), false);
  expect(exchanges.take()).toMatchObject([{ outcome: "failed", forgeable: true }]);
  exchanges.add(spansOf("hub-s503"));
  expect(exchanges.take()).toMatchObject([{ outcome: "failed", forgeable: false }]);
});

test("the next attempt starts empty", () => {
  const exchanges = exchangesOfCases("hub-s503");
  expect(exchanges.take()).toHaveLength(1);
  expect(exchanges.take()).toEqual([]);
});

test("a hung exchange counts only if our own limit cut it off after half of it", () => {
  const hung = (timeoutMs?: number) => {
    const exchanges = exchangesOfCases("hub-s503");
    if (timeoutMs !== undefined) exchanges.dropped(timeoutMs);
    exchanges.add(spansOf("http-hang"));
    return exchanges.take().map(({ host, outcome }) => `${host} ${outcome}`);
  };
  expect(hung()).toEqual(["registry-1.docker.io failed"]);
  expect(hung(30_000)).toEqual(["files.example.com failed"]);
  expect(hung(60_000)).toEqual([]);
});

test("its memory is bounded", () => {
  const [exchange] = spansOf("hub-s503").filter(({ name }) => name === "HTTP HEAD");
  const exchanges = new CommandExchanges();
  for (let index = 0; index < 300; index += 1) {
    const span = exchange as EngineSpan;
    const attributes = {
      "http.request.method": "HEAD",
      "http.response.status_code": 503,
      "server.address": `r${index}.example.com`,
    };
    const scope = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp";
    exchanges.add([{ ...span, scope, name: "remotes.docker.resolver.HTTPRequest", attributes }]);
  }
  expect(exchanges.take()).toHaveLength(256);
});
