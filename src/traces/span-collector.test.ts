import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EngineSpan } from "../attribution/spans/span.js";
import { SpanCollector } from "./span-collector.js";
import { childOf, type TraceContext } from "./trace-context.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Creates a fake receiver. The test sends spans through it. */
function source() {
  const listeners = new Set<(spans: readonly EngineSpan[]) => void>();
  return {
    listeners,
    onSpans(listener: (spans: readonly EngineSpan[]) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    send(...spans: EngineSpan[]) {
      for (const listener of listeners) listener(spans);
    },
  };
}

let made = 0;

function span(context: TraceContext, parent: string, given: Partial<EngineSpan>): EngineSpan {
  made += 1;
  return {
    scope: "dagger.io/core",
    name: "Container.from",
    trace: context.traceId,
    id: made.toString(16).padStart(16, "0"),
    parent,
    startNs: "1795473288102464821",
    endNs: "1795473288158790397",
    status: "ok",
    message: "",
    attributes: {},
    ...given,
  };
}

const request = (context: TraceContext) =>
  span(context, context.spanId, { scope: "dagger.io/engine.server", name: "POST /query" });

function pull(context: TraceContext, parent: EngineSpan, host = "ghcr.io", status = 200) {
  const attributes = {
    "http.request.method": "HEAD",
    "server.address": host,
    "http.response.status_code": status,
  };
  const name = "remotes.docker.resolver.HTTPRequest";
  return span(context, parent.id, { name, scope: "otelhttp", attributes });
}

test("returns what a request proves when the span of its end arrives, in any order", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  const found = watched.exchanges(1000);
  receiver.send(pull(context, root, "ghcr.io", 503));
  receiver.send(root, pull(context, root, "quay.io"));
  expect(await found).toMatchObject([
    { host: "ghcr.io", outcome: "failed", requestId: context.spanId },
    { host: "quay.io", outcome: "answered", requestId: context.spanId },
  ]);
  expect(collector.size).toBe(0);
});

test("returns at once if the end came before the call", async () => {
  const receiver = source();
  const context = childOf(undefined);
  const watched = new SpanCollector(receiver).watch(context);
  receiver.send(request(context));
  expect(await watched.exchanges(0)).toEqual([]);
});

test("without the end of the request in time, nothing is known", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const found = watched.exchanges(1000);
  receiver.send(pull(context, request(context)));
  await vi.advanceTimersByTimeAsync(1000);
  expect(await found).toBeUndefined();
  expect(collector.size).toBe(0);
});

test("separates the requests of one trace, and forgets finished ones", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const user = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const [one, other] = [childOf(user), childOf(user)];
  const watchedOne = collector.watch(one);
  const watchedOther = collector.watch(other);
  const [rootOne, rootOther] = [request(one), request(other)];
  receiver.send(pull(one, rootOne), rootOne, pull(other, rootOther, "quay.io", 429));
  expect(await watchedOne.exchanges(1000)).toMatchObject([
    { host: "ghcr.io", outcome: "answered" },
  ]);
  expect(collector.size).toBe(1);
  receiver.send(rootOther);
  expect(await watchedOther.exchanges(1000)).toMatchObject([{ host: "quay.io" }]);
  expect(collector.size).toBe(0);
});

test("after a drop only later spans count, and a cut exchange is a failure", async () => {
  const receiver = source();
  const context = childOf(undefined);
  const watched = new SpanCollector(receiver).watch(context);
  const root = request(context);
  const cancelled = (host: string) => {
    const { attributes, ...rest } = pull(context, root, host);
    const { "http.response.status_code": _, ...others } = attributes;
    return {
      ...rest,
      attributes: others,
      endNs: "1795473318158790397",
      status: "error" as const,
      message: "context canceled",
    };
  };
  receiver.send(cancelled("forged.example.com"));
  watched.dropped(40_000);
  receiver.send(cancelled("ghcr.io"), root);
  expect(await watched.exchanges(1000)).toMatchObject([{ host: "ghcr.io", outcome: "failed" }]);
});

test("a pending wait still gets its result after the request ends", async () => {
  const receiver = source();
  const context = childOf(undefined);
  const watched = new SpanCollector(receiver).watch(context);
  const found = watched.exchanges(1000);
  watched.end();
  receiver.send(request(context));
  expect(await found).toEqual([]);
});

test("does not keep spans of unwatched traces", () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  receiver.send(request(context));
  expect(collector.size).toBe(0);
  const watched = collector.watch(context);
  receiver.send(request(context));
  expect(collector.size).toBe(1);
  watched.end();
  receiver.send(request(context));
  expect(collector.size).toBe(0);
});

test("keeps a flood of spans up to a bound, the newest first", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  for (let at = 0; at < 100_000; at += 1) receiver.send(span(context, root.id, {}));
  expect(collector.size).toBeLessThanOrEqual(20_000);
  receiver.send(pull(context, root), root);
  expect(await watched.exchanges(1000)).toHaveLength(1);
  expect(collector.size).toBe(0);
});

test('a flood that pushes out a request\'s proof means unknown, not "none"', async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  receiver.send(pull(context, root));
  for (let at = 0; at < 100_000; at += 1) receiver.send(span(context, root.id, {}));
  receiver.send(root);
  expect(await watched.exchanges(1000)).toBeUndefined();
});

test("does not keep long texts", () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  collector.watch(context);
  const long = "x".repeat(1_000_000);
  const seen = vi.spyOn(Map.prototype, "set");
  receiver.send({ ...pull(context, request(context)), scope: long, name: long, message: long });
  const held = JSON.stringify(seen.mock.calls.map(([, value]) => value));
  seen.mockRestore();
  expect(collector.size).toBe(1);
  expect(held.length).toBeLessThan(10_000);
});

test("with thousands of requests in one trace, each costs only its own spans", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const user = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  collector.watch(childOf(user));
  for (let at = 0; at < 10_000; at += 1) {
    const context = childOf(user);
    const watched = collector.watch(context);
    const root = request(context);
    // Spans that match no watched request, such as late spans, stay in memory for a while.
    receiver.send(span(context, "00000000deadbeef", {}), pull(context, root), root);
    expect(await watched.exchanges(1000)).toHaveLength(1);
  }
});

test("a closed collector stops listening, and pending waits end without a result", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const found = collector.watch(childOf(undefined)).exchanges(1000);
  collector.close();
  expect(receiver.listeners.size).toBe(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await found).toBeUndefined();
});

const call = (context: TraceContext, parent: EngineSpan, given: Partial<EngineSpan> = {}) =>
  span(context, parent.id, { name: "Hello.pull", ...given });
const inner = (context: TraceContext, parent: EngineSpan) =>
  span(context, parent.id, { scope: "dagger.io/engine.server", name: "POST /query" });

test("waits for the exchanges of a function, which arrive one body later", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  const called = call(context, root, { status: "error" });
  receiver.send(called, root);
  const exchanges = watched.exchanges(1000);
  const nested = inner(context, called);
  await vi.advanceTimersByTimeAsync(100);
  receiver.send(pull(context, nested, "ghcr.io", 503), nested);
  expect(await exchanges).toMatchObject([{ host: "ghcr.io", outcome: "failed", forgeable: true }]);
  expect(vi.getTimerCount()).toBe(0);
});

test("waits for a function without exchanges no longer than the limit", async () => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  receiver.send(pull(context, root), call(context, root), root);
  const exchanges = watched.exchanges(1000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await exchanges).toMatchObject([{ host: "ghcr.io", outcome: "answered" }]);
  expect(collector.size).toBe(0);
});

test.each<[string, Partial<EngineSpan>]>([
  ["a call from the cache", { attributes: { "dagger.io/dag.cached": true } }],
  ["a call from the cache of 1.0", { attributes: { "dagger.io/cache.outcome": "hit" } }],
  ["a call of the engine's own", { name: "Container.withExec" }],
  ["a service", { name: "Service.start" }],
])("nothing is missing below %s", async (_what, given) => {
  const receiver = source();
  const collector = new SpanCollector(receiver);
  const context = childOf(undefined);
  const watched = collector.watch(context);
  const root = request(context);
  receiver.send(pull(context, root), call(context, root, given), root);
  expect(await watched.exchanges(1000)).toMatchObject([{ host: "ghcr.io" }]);
  expect(vi.getTimerCount()).toBe(0);
});
