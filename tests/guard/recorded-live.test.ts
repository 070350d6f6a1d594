// Tests requests that an earlier guard judged wrong on real engines. Each request passes through the guard
// again, with the recorded spans in their original order.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { GraphQLRequest } from "../../src/attribution/failure.js";
import { breakerName } from "../../src/attribution/hosts.js";
import type { EngineSpan } from "../../src/attribution/spans/span.js";
import { isCircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { Guard } from "../../src/guard/guard.js";
import { breakerOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { RequestTrace } from "../../src/guard/judgement/request-trace.js";
import { SessionState } from "../../src/guard/session-state.js";
import { createRegistry } from "../../src/registry/registry.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { SpanCollector } from "../../src/traces/span-collector.js";
import { sendIn } from "./one-session.js";
import { json } from "./scene.js";

interface Row {
  readonly id: string;
  readonly engine: string;
  readonly query?: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** The exchanges that the hosts themselves recorded. */
  readonly asked?: readonly string[];
  readonly spans?: readonly (EngineSpan & { readonly body?: number })[];
  readonly expected: {
    readonly sessionLost?: boolean;
    readonly breakers?: Readonly<Record<string, string>>;
  };
}

const rows = readFileSync(new URL("../fixtures/attribution/live.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);
const requests = rows.filter((row): row is Row & { query: string } => row.query !== undefined);

let repository = "";
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "recorded-live-"));
  mkdirSync(join(repository, ".git"));
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

test("every request of the recording runs, and has expected outcomes", () => {
  expect(requests.length).toBeGreaterThanOrEqual(49);
  for (const { id, expected } of requests) expect(expected.breakers, id).toBeDefined();
});

/** Returns the counts that a label demands of a breaker: successes, failures, ignored outcomes. */
function countsFor(label: string): readonly [number, number, number] {
  if (/^(?:failure|as the exchange went)/.test(label)) return [0, 1, 0];
  if (label.startsWith("success")) return [1, 0, 0];
  if (label.startsWith("ignored")) return [0, 0, 1];
  if (label.startsWith("nothing")) return [0, 0, 0];
  throw new Error(`no such label: ${label}`);
}

/** Returns the label of each breaker. A label can apply to all hosts in `asked`. */
function labelsOf({ expected, asked = [] }: Row): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, label] of Object.entries(expected.breakers ?? {})) {
    if (name === "the host in `asked`") {
      for (const one of asked) found.set(breakerOfHost(one.split(" ")[1] ?? ""), label);
    } else if (name === "http host of the query") found.set("http:files.example.com", label);
    else found.set(name, label);
  }
  return found;
}

function breakerOfHost(host: string): string {
  const kind = { "github.com": "git", "files.example.com": "http" } as const;
  return breakerName(kind[host as keyof typeof kind] ?? "registry", host);
}

/** A request trace with a promise that shows when the guard has read the spans. */
interface HeardWitness extends RequestTrace {
  heard: Promise<unknown>;
}

/** Delivers the spans as in the recording: after the answer, one body after another. */
function witnessOf({ spans = [], query }: Row): HeardWitness | undefined {
  const ids = new Set(spans.map(({ id }) => id));
  // A trace can contain several requests. Ours is the last request whose parent span is not among the spans
  // of the engine.
  const root = spans
    .filter(({ name, parent }) => name === "POST /query" && !ids.has(parent))
    .at(-1);
  const own = spans.find(({ name }) => name === "guarded request");
  const [trace, id] = own === undefined ? [root?.trace, root?.parent] : [own.trace, own.id];
  if (query === undefined || trace === undefined || id === undefined) return undefined;
  let hear: ((spans: readonly EngineSpan[]) => void) | undefined;
  const collector = new SpanCollector({
    onSpans(listener) {
      hear = listener;
      return () => undefined;
    },
  });
  const watched = collector.watch({
    traceId: trace,
    spanId: id,
    parentSpanId: undefined,
    sampled: true,
    header: "",
  });
  return {
    heard: Promise.resolve(),
    dropped: (timeoutMs) => watched.dropped(timeoutMs),
    end: () => watched.end(),
    exchanges(withinMs) {
      const found = watched.exchanges(withinMs);
      this.heard = found;
      const bodies = [...new Set(spans.map(({ body = 0 }) => body))].sort((a, b) => a - b);
      for (const body of bodies) hear?.(spans.filter((span) => (span.body ?? 0) === body));
      return found;
    },
  };
}

/** Creates a guard and a session for one recorded request. */
function setUp(row: Row) {
  const clock = new VirtualClock();
  const registry = createRegistry({ defaults: { clock } });
  const guard = new Guard({ registry });
  const state = new SessionState(undefined, repository);
  const session = new GuardedSession(guard, state);
  return {
    clock,
    state,
    /** Returns the breaker of an upstream, with the options that a guard would give it. */
    upstream: (name: string) =>
      name === "engine" ? guard.engine : registry.get(name, breakerOptions({}, name, false)),
    /** Sends the recorded request. Resolves once all its permits are settled. */
    async send(trace: HeardWitness | undefined): Promise<"sent" | "rejected"> {
      const exchange = async ({ query }: GraphQLRequest) =>
        query === row.query ? row : json({ data: { version: row.engine } });
      try {
        await sendIn(session, { query: row.query ?? "" }, exchange, { trace: trace });
        await trace?.heard;
        await state.answered();
        await setImmediate();
        return "sent";
      } catch (error) {
        if (isCircuitBreakerOpenError(error)) return "rejected";
        throw error;
      }
    },
  };
}

function counted({ upstream }: ReturnType<typeof setUp>, name: string): number[] {
  const { successCount, failureCount, ignoredCount } = upstream(name).getMetrics().metrics;
  return [successCount, failureCount, ignoredCount];
}

const each = requests.map((row, index) => ({ ...row, index }));

test.each(each)("$index $engine $id: breakers get the expected outcomes", async (row) => {
  const labels = labelsOf(row);
  const scene = setUp(row);
  for (const name of labels.keys()) scene.upstream(name);
  expect(await scene.send(witnessOf(row))).toBe("sent");
  for (const [name, label] of labels) {
    expect(counted(scene, name), name).toEqual(countsFor(label));
    expect(scene.upstream(name).state, name).toBe("closed");
  }
  expect(scene.state.lost).toBeUndefined();
});

/** Writes the lock file that the first runs of the recording had left behind. */
function writeLock(): void {
  const spans = rows.flatMap(({ id, spans: seen = [] }) => (id === "lock-from-run1" ? seen : []));
  const [, image, digest] =
    spans.map(({ name }) => /^from (\S+)@(sha256:\S+)$/.exec(name)).find(Boolean) ?? [];
  const entries = [
    ["", "container.from", [image, "linux/amd64"], digest, "pin"],
    ["", "git.ref", ["https://github.com/acme/ok.git", "refs/heads/main"], "625213a", "pin"],
  ];
  const lines = [[["version", "1"]], ...entries].map((line) => JSON.stringify(line));
  writeFileSync(join(repository, "dagger.lock"), `${lines.join("\n")}\n`);
}

const locked = each.filter(({ id }) => /^lock-.*-run2$/.test(id));

test.each(locked)(
  "$engine $id: during the outage only requests covered by the lock file run",
  async (row) => {
    writeLock();
    const pulls = row.query.includes("from(");
    const name = pulls
      ? "registry:ghcr.io"
      : row.query.includes("http(")
        ? "http:files.example.com"
        : "git:github.com";
    for (const trace of [witnessOf(row), undefined]) {
      const scene = setUp(row);
      scene.upstream(name).isolate("every host answers 503");
      expect(await scene.send(trace)).toBe(pulls ? "sent" : "rejected");
      scene.upstream(name).release();
      expect(counted(scene, name)).toEqual([0, 0, 0]);
    }
  },
);

test("a locked image proves nothing in a half-open circuit, with or without its spans", async () => {
  writeLock();
  const row = locked.find(({ query }) => query.includes("from("));
  if (row === undefined) throw new Error("no locked pull in the recording");
  for (const trace of [witnessOf(row), undefined]) {
    const scene = setUp(row);
    const registry = scene.upstream("registry:ghcr.io");
    const { generation } = registry.getMetrics();
    registry.record("failure", { generation, openNow: true });
    scene.clock.advance(120_000);
    const probe = registry.acquire();
    probe.release();
    expect(registry.state).toBe("half-open");
    expect(await scene.send(trace)).toBe("sent");
    expect(registry.state).toBe("half-open");
    expect(registry.getMetrics().metrics.successCount).toBe(0);
  }
});
