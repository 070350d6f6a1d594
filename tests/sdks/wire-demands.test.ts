/** Tests every answer that the proxy itself creates. Every SDK must be able to show it to its user. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { createRegistry } from "../../src/index.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { type FaultRule, startSessionDouble, VirtualClock } from "../../src/testing/index.js";
import { bareEnvironment } from "./sdk-programs.js";
import { ALL_ARE_NEEDED } from "./sdks.js";
import { READERS, type WireAnswer } from "./wire-demands.js";

const LIMITED = { host: "docker.io", kind: "status", status: 429 } as const;
const HANGS = { operation: "from", kind: "hang" } as const;
const pull = (image: string) => `{ container { from(address: "${image}") { stdout } } }`;

/** Starts a session double behind the proxy. Only the test moves the time of the breakers. */
async function start(faults: readonly FaultRule[], options: GuardOptions = {}) {
  const clock = new VirtualClock();
  const registry = createRegistry({ defaults: { clock } });
  const guard = new Guard({ registry, ...options });
  const double = await startSessionDouble({ faults });
  const proxy = await startSessionProxy({ guard, target: double });
  const { port, token } = proxy.address;
  const send = async (body: string, encoding: BufferEncoding = "base64"): Promise<WireAnswer> => {
    const credentials = Buffer.from(`${token}:`).toString(encoding);
    const response = await fetch(`http://127.0.0.1:${port}/query`, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}`, "content-type": "application/json" },
      body,
    });
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, body: await response.text() };
  };
  return {
    clock,
    guard,
    double,
    address: proxy.address,
    send,
    ask: (query: string) => send(JSON.stringify({ query })),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await double.stop();
    },
  };
}

type Scene = Awaited<ReturnType<typeof start>>;

interface Case {
  readonly title: string;
  readonly type: "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST";
  readonly message: RegExp;
  readonly faults?: readonly FaultRule[];
  readonly guard?: GuardOptions;
  provoke(scene: Scene): Promise<WireAnswer>;
}

const CASES: readonly Case[] = [
  {
    title: "an open circuit",
    type: "CIRCUIT_OPEN",
    message: /^circuit open: registry:docker\.io, retry in 60s$/,
    faults: [LIMITED],
    async provoke({ ask }) {
      await ask(pull("alpine:1"));
      return ask(pull("alpine:2"));
    },
  },
  {
    title: "a half-open circuit whose probes are taken",
    type: "CIRCUIT_OPEN",
    message: /^circuit half-open: registry:docker\.io, all probes are taken, retry in \d+s$/,
    faults: [{ ...LIMITED, calls: 1 }, HANGS],
    async provoke({ ask, clock, guard }) {
      await ask(pull("alpine:1"));
      clock.advance(61_000);
      const registry = guard.upstream("registry:docker.io");
      // This request fails when the session ends at the end of the test.
      ask(pull("alpine:2")).catch(() => {});
      await vi.waitUntil(() => registry?.getMetrics().inFlightCount === 1);
      return ask(pull("alpine:3"));
    },
  },
  {
    title: "an isolated circuit",
    type: "CIRCUIT_OPEN",
    message: /^circuit isolated: engine, maintenance$/,
    async provoke({ ask, guard }) {
      guard.engine.isolate("maintenance");
      return ask(pull("alpine:1"));
    },
  },
  {
    title: "an isolated circuit, to what is no query",
    type: "CIRCUIT_OPEN",
    message: /^circuit isolated: engine, maintenance$/,
    async provoke({ send, guard }) {
      guard.engine.isolate("maintenance");
      return send("no JSON");
    },
  },
  {
    title: "an isolated circuit, to the introspection that Python begins with",
    type: "CIRCUIT_OPEN",
    message: /^circuit isolated: engine, maintenance$/,
    async provoke({ ask, guard }) {
      guard.engine.isolate("maintenance");
      return ask("query IntrospectionQuery { __schema { queryType { name } } }");
    },
  },
  {
    title: "several circuits that refuse",
    type: "CIRCUIT_OPEN",
    message: /^circuit isolated: .*; also rejected by /,
    async provoke({ ask, guard }) {
      guard.engine.isolate("maintenance");
      guard.upstream("registry:docker.io")?.isolate("maintenance");
      return ask(pull("alpine:1"));
    },
  },
  {
    title: "a wait that is over",
    type: "CIRCUIT_OPEN",
    message: /registry:docker\.io/,
    faults: [LIMITED],
    guard: { onOpen: "wait", maxWaitMs: 0 },
    async provoke({ ask }) {
      await ask(pull("alpine:1"));
      return ask(pull("alpine:2"));
    },
  },
  {
    title: "a circuit for which no more may wait",
    type: "CIRCUIT_OPEN",
    message: /^circuit breaker "registry:docker\.io" has reached its limit of 100 waiting calls$/,
    faults: [LIMITED],
    guard: { onOpen: "wait" },
    async provoke({ ask }) {
      await ask(pull("alpine:1"));
      const asked = Array.from({ length: 101 }, (_, index) => ask(pull(`alpine:w${index}`)));
      // The other requests fail when the session ends at the end of the test.
      for (const one of asked) one.catch(() => {});
      return Promise.race(asked);
    },
  },
  {
    title: "a request that took too long",
    type: "TIMED_OUT",
    message: /1000 ms/,
    faults: [HANGS],
    guard: { operationTimeoutMs: 1_000 },
    provoke: ({ ask }) => ask(pull("alpine:1")),
  },
  {
    title: "a lost session",
    type: "SESSION_LOST",
    message: /^the session to the Dagger engine is lost, connect again: /,
    async provoke({ ask, double }) {
      double.kill();
      await ask("{ version }");
      return ask(pull("alpine:1"));
    },
  },
];

describe.each(CASES)("$title", ({ type, message, faults = [], guard, provoke }) => {
  test("reaches the users of every SDK", async () => {
    await using scene = await start(faults, guard);
    const answer = await provoke(scene);
    for (const [sdk, read] of Object.entries(READERS)) {
      const { message: said, extensions } = read(answer);
      expect(said, sdk).toMatch(message);
      if (extensions !== undefined) expect(extensions, sdk).toMatchObject({ _type: type });
    }
  });
});

describe("an SDK does not accept", () => {
  const ANSWER = {
    data: null,
    errors: [{ message: "m", path: ["a"], extensions: { _type: "CIRCUIT_OPEN" } }],
  };
  const [ERROR] = ANSWER.errors;
  const everyone = Object.keys(READERS);

  function unreadableTo(body: unknown, more: Partial<WireAnswer> = {}): string[] {
    const headers = { "content-type": "application/json" };
    const answer = { status: 200, headers, body: JSON.stringify(body), ...more };
    return everyone.filter((sdk) => {
      try {
        return READERS[sdk]?.(answer) === undefined;
      } catch {
        return true;
      }
    });
  }

  test("another status, such as 503 for an open circuit", () => {
    expect(unreadableTo(ANSWER, { status: 503 })).toEqual(everyone);
    expect(unreadableTo(ANSWER)).toEqual([]);
  });

  test("a second error, another key, no data, a number, an invalid path, or no type", () => {
    expect(unreadableTo({ ...ANSWER, errors: [ERROR, ERROR] })).toEqual(["Elixir"]);
    expect(unreadableTo({ ...ANSWER, retry: 1 })).toEqual(["Java"]);
    expect(unreadableTo({ errors: [ERROR] })).toEqual(["Elixir"]);
    const extended = (extensions: object) => ({ ...ANSWER, errors: [{ ...ERROR, extensions }] });
    expect(unreadableTo(extended({ _type: "CIRCUIT_OPEN", retryAfterMs: 1 }))).toEqual([
      "Rust up to 0.20.3",
    ]);
    expect(unreadableTo(extended({}))).toEqual(["Rust"]);
    const pathless = { ...ANSWER, errors: [{ ...ERROR, path: undefined }] };
    expect(unreadableTo(pathless)).toEqual(["Java", "Elixir"]);
    expect(unreadableTo({ ...ANSWER, errors: [] })).toEqual(everyone);
  });
});

test("reads a token in the base64 of URLs too, which Rust sends", async () => {
  await using scene = await start([]);
  const body = JSON.stringify({ query: "{ version }" });
  expect(await scene.send(body, "base64url")).toMatchObject({
    status: 200,
    body: '{"data":{"version":"v0.21.8"}}',
  });
});

const java = await promisify(execFile)("java", ["--version"]).catch(() => undefined);

test.runIf(java !== undefined || ALL_ARE_NEEDED)(
  "guards Java's own client as well, which offers HTTP/2 with every query",
  async () => {
    await using scene = await start([LIMITED]);
    const env = bareEnvironment({
      DAGGER_SESSION_PORT: `${scene.address.port}`,
      DAGGER_SESSION_TOKEN: scene.address.token,
    });
    const program = new URL("java/Ask.java", import.meta.url).pathname;
    const ask = async (query: string): Promise<WireAnswer> => {
      const args = [program, JSON.stringify({ query })];
      const { stdout } = await promisify(execFile)("java", args, { env });
      const [status, contentType = "", body = ""] = stdout.split("\n");
      return { status: Number(status), headers: { "content-type": contentType }, body };
    };
    expect((await ask("{ version }")).body).toBe('{"data":{"version":"v0.21.8"}}');
    await scene.ask(pull("alpine:1"));
    expect(READERS.Java?.(await ask(pull("alpine:2")))).toEqual({
      message: "circuit open: registry:docker.io, retry in 60s",
      extensions: {
        _type: "CIRCUIT_OPEN",
        upstream: "registry:docker.io",
        reason: "open",
        retryAfterMs: "60000",
      },
    });
  },
);
