import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { UpstreamKind } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import { type Evidence, evidenceFromSpans } from "../../attribution/spans/evidence.js";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { Guard } from "../../guard/guard.js";
import { createRegistry } from "../../registry/registry.js";
import { type AttemptFacts, breakerToAsk, settleAttempt } from "./attempt-outcome.js";
import { CommandCall } from "./command-call.js";
import type { RunFailure } from "./run-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

const ENDED: AttemptEnd = {
  exitCode: 0,
  signal: null,
  timedOut: null,
  text: "",
  isUnread: false,
  isCut: false,
  outputError: null,
  connected: true,
  isUnwatched: false,
};
const LIMITED =
  "Error: unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/1: 429 Too Many Requests";

async function settled(
  end: Partial<AttemptEnd>,
  facts: Partial<AttemptFacts> = {},
  needs: readonly string[] = [],
) {
  const registry = createRegistry();
  const guard = new Guard({ registry });
  const signal = new AbortController().signal;
  const call = await CommandCall.admit(guard, new Set(needs), signal);
  const failure = settleAttempt(call, {
    end: { ...ENDED, ...end },
    exchanges: undefined,
    command: ["dagger", "call", "test"],
    isOwn: true,
    isTraced: false,
    isInterrupted: false,
    ...facts,
  });
  call.release();
  const metrics = (name: string) => registry.find(name)?.getMetrics();
  return { failure, metrics, names: [...registry.getAll().keys()] };
}

function exchange(given: Partial<Evidence> = {}): Evidence {
  return {
    kind: "registry",
    host: "registry-1.docker.io",
    servesHost: "registry-1.docker.io",
    outcome: "failed",
    status: 503,
    at: 0,
    durationMs: 10,
    forgeable: false,
    requestId: "1",
    ...given,
  };
}

interface Labelled {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly failures: readonly { fault: string; counts: boolean; upstream?: string | null }[];
}

function fixture<T>(path: string): T[] {
  return readFileSync(new URL(`../../../tests/fixtures/${path}`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line): T => JSON.parse(line));
}

describe.each(["commands", "variant-commands", "holdout-commands"])("%s of the corpus", (name) => {
  const commands = fixture<Labelled>(`attribution/${name}.jsonl`);
  const needs = ["registry:docker.io", "registry:ghcr.io", "git:github.com"];

  test("a fault of the user or a cancellation counts against no upstream, even with traces of failures", async () => {
    const harmless = commands.filter(({ failures: [label] }) =>
      ["user", "cancelled"].includes(label?.fault ?? ""),
    );
    expect(harmless.length).toBeGreaterThan(5);
    for (const { stdout, stderr, exitCode } of harmless) {
      const seen = [exchange({ outcome: "limited", status: 429 }), exchange({ host: "ghcr.io" })];
      const { metrics, names } = await settled(
        { text: `${stdout}\n${stderr}`, exitCode },
        { exchanges: seen },
        needs,
      );
      for (const one of names) {
        expect([stderr, metrics(one)?.state, metrics(one)?.metrics.failureCount]).toEqual([
          stderr,
          "closed",
          0,
        ]);
      }
    }
  });

  test("a failure counts only against the upstream of its label", async () => {
    const counted = commands.filter(({ failures: [label] }) => label?.counts === true);
    expect(counted.length).toBeGreaterThan(5);
    let right = 0;
    for (const { stdout, stderr, exitCode, failures } of counted) {
      const { failure, metrics, names } = await settled({ text: `${stdout}\n${stderr}`, exitCode });
      const failed = names.filter((one) => metrics(one)?.metrics.failureCount === 1);
      expect(failed.length).toBeLessThanOrEqual(1);
      expect(failure?.breaker ?? undefined).toBe(failed[0]);
      const [label] = failures;
      const kind = label?.fault as UpstreamKind;
      const expected = label?.upstream ? breakerName(kind, label.upstream) : undefined;
      if (failed[0] === (label?.fault === "engine" ? "engine" : expected)) right += 1;
    }
    expect(right / counted.length).toBeGreaterThanOrEqual(0.95);
  });
});

describe("a success as a proof of the engine", () => {
  test.each([
    ["a session was seen", {}, {}, "successCount"],
    [
      "none was, though traces would have told",
      { connected: false },
      { isTraced: true },
      "ignoredCount",
    ],
    ["none was, and nothing could tell", { connected: false }, {}, "successCount"],
    [
      "an exchange was seen",
      { connected: false },
      { isTraced: true, exchanges: [exchange()] },
      "successCount",
    ],
    ["another program showed no sign", { connected: false }, { isOwn: false }, "ignoredCount"],
    ["another program's dagger connected", {}, { isOwn: false }, "successCount"],
  ] as const)("%s", async (_title, end, facts, count) => {
    const { metrics } = await settled(end, facts);
    expect(metrics("engine")?.metrics[count]).toBe(1);
  });
});

test("an attempt that we told to end proves nothing", async () => {
  const end = { exitCode: 1, text: LIMITED };
  const { failure, metrics, names } = await settled(end, { isInterrupted: true });
  expect(failure).toBeNull();
  expect(names).toEqual(["engine"]);
  expect(metrics("engine")?.metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("a limit for connecting counts against the engine, the others against no upstream", async () => {
  const connect = await settled({ exitCode: 143, timedOut: "connect" });
  expect(connect.failure).toMatchObject({
    fault: "engine",
    rule: "session-too-late",
    breaker: "engine",
  });
  expect(connect.metrics("engine")?.metrics.failureCount).toBe(1);
  for (const timedOut of ["idle", "total"] as const) {
    const { failure, metrics } = await settled({ exitCode: 1, text: "5   : | tick", timedOut });
    expect(failure).toBeNull();
    expect(metrics("engine")?.metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
  }
});

test("counts a failure of a host that hung until a limit, but not by spans that a container may have sent", async () => {
  const seen = [
    exchange({ host: "layers.example.com", servesHost: "ghcr.io" }),
    exchange({ host: "quay.io", servesHost: "quay.io", forgeable: true }),
    exchange({ kind: "git", host: "github.com", servesHost: "github.com", outcome: "answered" }),
  ];
  const { metrics, names } = await settled(
    { exitCode: 143, timedOut: "idle" },
    { exchanges: seen },
    ["git:github.com"],
  );
  expect(names.sort()).toEqual(["engine", "git:github.com", "registry:ghcr.io"]);
  expect(metrics("registry:ghcr.io")?.metrics.failureCount).toBe(1);
  expect(metrics("git:github.com")).toMatchObject({
    inFlightCount: 0,
    metrics: { failureCount: 0 },
  });
});

test("a host that serves another stands for that one", async () => {
  const text =
    "Error: failed to copy: httpReadSeeker: failed open: unexpected status code https://layers.example.com/x: 503 Service Unavailable";
  const seen = [exchange({ host: "layers.example.com", servesHost: "registry.example.com" })];
  const { failure, names } = await settled({ exitCode: 1, text }, { exchanges: seen });
  expect(failure?.breaker).toBe("registry:registry.example.com");
  expect(names).toEqual(["engine", "registry:registry.example.com"]);
});

test("a host that no output names is the only failed one of its kind", async () => {
  const text = "Error: invalid response status 503 Service Unavailable";
  const http = (host: string, outcome: Evidence["outcome"] = "failed") =>
    exchange({ kind: "http", host, servesHost: host, outcome, forgeable: true });
  const others = [http("ok.example.com", "answered"), exchange({ host: "ghcr.io" })];
  const one = await settled(
    { exitCode: 1, text },
    { exchanges: [...others, http("files.example.com")] },
  );
  expect(one.failure).toMatchObject({ fault: "http", upstream: "files.example.com" });
  expect(one.metrics("http:files.example.com")?.metrics.failureCount).toBe(1);
  const two = await settled(
    { exitCode: 1, text },
    { exchanges: [http("files.example.com"), http("other.example.com")] },
  );
  expect(two.failure).toMatchObject({ fault: "http", upstream: null });
});

test("other programs count only against their declared needs", async () => {
  const end = { exitCode: 1, text: LIMITED };
  const unknown = await settled(end, { isOwn: false });
  expect(unknown.failure).toMatchObject({ fault: "registry", breaker: null });
  expect(unknown.names).toEqual(["engine"]);
  const needed = await settled(end, { isOwn: false }, ["registry:docker.io"]);
  expect(needed.failure?.breaker).toBe("registry:docker.io");
  expect(needed.metrics("registry:docker.io")?.state).toBe("open");
});

describe("without output", () => {
  const end = { exitCode: 1, isUnread: true };

  test.each([
    ["what the engine itself met is the failure", end, {}, "registry:docker.io"],
    [
      "what a container may have sent is not",
      end,
      { exchanges: [exchange({ forgeable: true })] },
      null,
    ],
    ["a step of the user's with an exit code of its own is not", { ...end, exitCode: 3 }, {}, null],
    ["another program's exit code says nothing", end, { isOwn: false }, null],
    [
      "output that could be read and said nothing is believed",
      { ...end, isUnread: false },
      {},
      null,
    ],
  ])("%s", async (_title, given, facts, expected) => {
    const { failure } = await settled(given, { exchanges: [exchange()], ...facts });
    expect(failure?.breaker ?? null).toBe(expected);
  });
});

test("the traces of every recorded registry failure match its output", async () => {
  const spans = fixture<EngineSpan & { case: string; engine: string }>("traces/spans.jsonl");
  for (const engine of ["v0.21.8", "v0.19.11"]) {
    const ofCase = spans.filter((span) => span.engine === engine && span.case === "hub-q429");
    const { metrics, names } = await settled(
      { exitCode: 1, text: LIMITED },
      { exchanges: evidenceFromSpans(ofCase), isTraced: true },
    );
    expect(names).toEqual(["engine", "registry:docker.io"]);
    expect(metrics("registry:docker.io")).toMatchObject({
      state: "open",
      metrics: { failureCount: 1 },
    });
  }
});

describe("a retry", () => {
  test("asks the breaker that counted the failure, otherwise that of the host", () => {
    const named = { upstream: "ghcr.io", upstreamKind: "registry", breaker: null } as RunFailure;
    expect(breakerToAsk(named)).toBe("registry:ghcr.io");
    expect(breakerToAsk({ ...named, breaker: "engine" })).toBe("engine");
    expect(breakerToAsk({ ...named, upstream: null })).toBeNull();
  });
});

describe("a failure whose output names no host", () => {
  const HOSTLESS = "Error: invalid response status 503 Service Unavailable";
  const command = ["dagger", "-s", "call", "fetch", "--url", "https://bot:pw@dl.acme.dev/x?sig=1"];
  const ended = { exitCode: 1, text: HOSTLESS };

  test("is that of the only host in the command line, if there are no spans", async () => {
    const { failure, metrics } = await settled(ended, { command });
    expect(failure).toMatchObject({ upstream: "dl.acme.dev", breaker: "http:dl.acme.dev" });
    expect(metrics("http:dl.acme.dev")?.metrics.failureCount).toBe(1);
    expect(JSON.stringify(failure)).not.toMatch(/bot|pw|sig/);
  });

  test("is that of the host in the spans, whatever the command line names", async () => {
    const seen = exchange({ kind: "http", host: "cdn.acme.dev", servesHost: "cdn.acme.dev" });
    const { failure, names } = await settled(ended, { command, exchanges: [seen] });
    expect(failure).toMatchObject({ upstream: "cdn.acme.dev", breaker: "http:cdn.acme.dev" });
    expect(names).not.toContain("http:dl.acme.dev");
  });

  test("counts no failure of a host in the command line whose spans show an answer", async () => {
    const seen = exchange({ kind: "http", host: "dl.acme.dev", outcome: "answered" });
    const { failure, metrics } = await settled(ended, { command, exchanges: [seen] });
    expect(failure).toMatchObject({ upstream: null, breaker: null });
    expect(metrics("http:dl.acme.dev")?.metrics.failureCount ?? 0).toBe(0);
  });

  test("takes no name from the arguments of another program", async () => {
    const make = ["make", "test", "URL=https://dl.acme.dev/x"];
    const { failure } = await settled(ended, { command: make, isOwn: false });
    expect(failure).toMatchObject({ upstream: null, breaker: null });
  });
});
