/** Tests a double of engine 1.0. Its answers and spans must differ from those of 0.21 in the recorded ways. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { decodeSpans } from "../../src/traces/index.js";
import { type FakeCollector, startCollector } from "../traces/fake-collector.js";
import { ask, send } from "./client.js";

let collector: FakeCollector;
let session: SessionDouble;

beforeAll(async () => {
  collector = await startCollector();
  session = await startSessionDouble({
    engineVersion: "v1.0.0-beta.10",
    faults: [{ operation: "http", kind: "status", status: 503 }],
    traces: { endpoint: collector.endpoint, scheduleDelayMs: 10 },
  });
});

afterAll(async () => {
  await session.stop();
  await collector[Symbol.asyncDispose]();
});

const URL_WITH_SECRETS = "https://user:hunter2@files.example.com/a.txt?sig=topsecret";
const QUERY = `{ http(url: "${URL_WITH_SECRETS}") { contents } }`;
const MESSAGE = "invalid response status 503 Service Unavailable";

function messageIn(body: string): string {
  return JSON.parse(body).errors[0].message;
}

test("a failing call names its span at the end of the message, but not when repeated", async () => {
  const first = messageIn((await ask(session, QUERY)).body);
  expect(first).toMatch(new RegExp(`^${MESSAGE} \\[traceparent:[0-9a-f]{32}-[0-9a-f]{16}\\]$`));
  expect(messageIn((await ask(session, QUERY)).body)).toBe(MESSAGE);
  const invalid = await ask(session, '{ container { from(address: "A b") { stdout } } }');
  expect(messageIn(invalid.body)).not.toContain("traceparent");
});

test("each call has a twin span, which is the only one when the call fails again", async () => {
  const traceparent = (trace: string) => ({ traceparent: `00-${trace}-${"b".repeat(16)}-01` });
  const [once, again] = ["1".repeat(32), "2".repeat(32)];
  const body = JSON.stringify({ query: QUERY.replace("a.txt", "twin.txt") });
  await send(session, { body, headers: traceparent(once) });
  await send(session, { body, headers: traceparent(again) });
  await expect.poll(() => scopesOf(again)).toEqual(["dagger.io/dagql"]);
  expect(scopesOf(once)).toEqual(["dagger.io/core", "dagger.io/dagql"]);
});

test.each([
  ["HTTPState._resolve", '{ http(url: "https://files.example.com/named.txt") { contents } }'],
  [
    "Container.withExec",
    '{ container { withExec(args: ["/bin/sh", "-c", "exit 3"]) { withExec(args: ["/bin/true"]) { stdout } } } }',
  ],
])("a message names the innermost call that failed: %s", async (name, query) => {
  const [, id] = /-([0-9a-f]{16})\]$/.exec(messageIn((await ask(session, query)).body)) ?? [];
  await expect
    .poll(() => spans().find((span) => span.id === id))
    .toMatchObject({
      name,
      scope: "dagger.io/core",
    });
});

test("the span of a download contains credentials and query, which the decoder removes", async () => {
  const sent = () =>
    collector.received.some(({ body }) => body.includes(`fetching ${URL_WITH_SECRETS}`));
  await expect.poll(sent).toBe(true);
  const decoded = JSON.stringify(spans().filter(({ name }) => name.startsWith("fetching ")));
  expect(decoded).toContain("files.example.com");
  expect(decoded).not.toMatch(/hunter2|topsecret/);
});

test("loads objects only by node, as in the validation error", async () => {
  const answer = await ask(session, '{ loadContainerFromID(id: "x") { stdout } }');
  expect(answer.status).toBe(422);
  expect(JSON.parse(answer.body).errors[0]).toMatchObject({
    message: 'Cannot query field "loadContainerFromID" on type "Query".',
    extensions: { code: "GRAPHQL_VALIDATION_FAILED" },
  });
});

function spans() {
  return collector.received.flatMap(({ body }) => decodeSpans(body));
}

/** Returns the sorted scopes of all `Query.http` spans in a trace. */
function scopesOf(trace: string): readonly string[] {
  const calls = spans().filter((span) => span.trace === trace && span.name === "Query.http");
  return calls.map(({ scope }) => scope).sort();
}
