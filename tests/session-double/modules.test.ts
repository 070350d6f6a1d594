// Tests functions of modules on the double: their answers, requests and spans must be those of real
// engines.

import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type ModuleCall,
  type ModuleDouble,
  type SessionDouble,
  type SessionDoubleOptions,
  startSessionDouble,
} from "../../src/testing/index.js";
import { decodeSpans, type EngineSpan } from "../../src/traces/index.js";
import { startCollector } from "../traces/fake-collector.js";
import { ask, data } from "./client.js";
import { describeEachEngine } from "./engines.js";
import { RECORDED_FAULTS } from "./recorded-cases.js";
import { HELLO } from "./recorded-module.js";

const running: SessionDouble[] = [];
afterEach(() => Promise.all(running.splice(0).map((session) => session.stop())));

async function start(options: SessionDoubleOptions): Promise<SessionDouble> {
  const session = await startSessionDouble(options);
  running.push(session);
  return session;
}

const errorsOf = async (session: SessionDouble, query: string) =>
  JSON.parse((await ask(session, query)).body).errors;

describeEachEngine((engineVersion) => {
  test("a function's own request is below its call, and is exported in a later body", async () => {
    await using collector = await startCollector();
    const session = await start({
      engineVersion,
      modules: { hello: HELLO },
      faults: RECORDED_FAULTS,
      traces: { endpoint: collector.endpoint, scheduleDelayMs: 20 },
      workdir: tmpdir(),
    });
    await ask(session, '{ hello { pull(ref: "ghcr.io/faults/s503:gq") } }');
    const bodies = () => collector.received.map(({ body }) => decodeSpans(body));
    const inner = (span: EngineSpan) => span.name === "Container.from";
    await expect.poll(() => bodies().flat().some(inner)).toBe(true);
    const called = bodies().findIndex((spans) => spans.some(({ name }) => name === "Hello.pull"));
    expect(bodies().findIndex((spans) => spans.some(inner))).toBeGreaterThan(called);
    const spans = bodies().flat();
    const above = ({ parent }: EngineSpan) => spans.find(({ id }) => id === parent) as EngineSpan;
    const request = above(
      spans.find((span) => inner(span) && span.scope === "dagger.io/core") as EngineSpan,
    );
    expect(request.name).toBe("POST /query");
    const isOne = engineVersion.startsWith("v1");
    expect(above(request)).toMatchObject(
      isOne
        ? { name: "hello:Hello.pull", scope: "dagger.io/dagql" }
        : { name: "Hello.pull", scope: "dagger.io/core", status: "error" },
    );
  });
});

describe("a function of this process", () => {
  const ci = (run: (call: ModuleCall) => unknown, more: object = {}): ModuleDouble => ({
    functions: { run: { run, ...more } },
  });
  const called = "{ ci { run } }";

  test("fails the call with any value that it throws", async () => {
    const thrown = [
      Object.assign(new Error("with extensions"), { extensions: { _type: "MINE", tries: 3 } }),
      new Error("plain"),
      "a text",
      { an: "object" },
    ];
    const session = await start({
      modules: {
        ci: ci(() => {
          throw thrown.shift();
        }),
      },
    });
    const path = ["ci", "run"];
    expect(await errorsOf(session, called)).toEqual([
      { message: "with extensions", path, extensions: { _type: "MINE", tries: 3 } },
    ]);
    expect(await errorsOf(session, called)).toEqual([{ message: "plain", path }]);
    expect(await errorsOf(session, called)).toEqual([{ message: '"a text"', path }]);
    expect(await errorsOf(session, called)).toEqual([{ message: '{"an":"object"}', path }]);
  });

  test("runs once for all sessions if it works, and again if it failed", async () => {
    const endings = [new Error("once"), "worked"];
    const run = vi.fn(() => {
      const ending = endings.shift();
      if (ending instanceof Error) throw ending;
      return ending;
    });
    const session = await start({ modules: { ci: ci(run) } });
    expect(await errorsOf(session, called)).toHaveLength(1);
    expect(await data(session, called)).toEqual({ ci: { run: "worked" } });
    const other = await session.openSession();
    expect(await data(other, called)).toEqual({ ci: { run: "worked" } });
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("accepts and returns objects of the API by their ids", async () => {
    const session = await start({
      modules: {
        ci: ci(
          async ({ args, query }) => {
            const made = await query(
              'query ($on: ID!) { node(id: $on) { ... on Container { withExec(args: ["/bin/echo", "on it"]) { id } } } }',
              args,
            );
            return (made as { node: { withExec: { id: string } } }).node.withExec.id;
          },
          { args: { on: "ID!" }, returns: "Container!" },
        ),
      },
    });
    const { container } = (await data(session, "{ container { id } }")) as {
      container: { id: string };
    };
    expect(await data(session, `{ ci { run(on: "${container.id}") { stdout } } }`)).toEqual({
      ci: { run: { stdout: "on it\n" } },
    });
  });

  test("shares its session's knowledge of images, and its requests count for hosts only", async () => {
    const session = await start({
      modules: {
        ci: ci(async ({ query }) => {
          await query('{ container { from(address: "quay.io/a/b:1") { platform } } }');
          return "pulled";
        }),
      },
    });
    await data(session, '{ container { from(address: "quay.io/a/b:1") { platform } } }');
    const asked = session.requestsTo("quay.io");
    await data(session, called);
    expect(session.requestsTo("quay.io")).toBe(asked);
    expect(session.queries).toBe(2);
  });

  test.each([
    [undefined, "String!"],
    [1, "String!"],
    ["1", "Int!"],
    [["a", 1], "[String!]!"],
    ["no id", "Container!"],
  ])("rejects the result %j for %s", async (value, returns) => {
    const session = await start({ modules: { ci: ci(() => value, { returns }) } });
    const selection = returns === "Container!" ? "{ ci { run { id } } }" : called;
    const [{ message }] = await errorsOf(session, selection);
    expect(message).toMatch(/returned \w+, expected|missing shared result/);
  });

  test.each([
    [true, "Boolean!"],
    [null, "String"],
    [null, "Void"],
    [[1, 2], "[Int!]!"],
    [1.5, "Float!"],
  ])("may return %j for %s", async (value, returns) => {
    const session = await start({ modules: { ci: ci(() => value, { returns }) } });
    expect(await data(session, called)).toEqual({ ci: { run: value } });
  });

  test("is aborted when no client waits for it, and its session ends then", async () => {
    let begun: (call: ModuleCall) => void = () => {};
    const beginning = new Promise<ModuleCall>((resolve) => {
      begun = resolve;
    });
    const session = await start({
      modules: {
        ci: ci((call) => {
          begun(call);
          return new Promise(() => {});
        }),
      },
    });
    const dropping = new AbortController();
    const dropped = ask(session, called, { signal: dropping.signal });
    const { signal, query } = await beginning;
    dropping.abort();
    await expect(dropped).rejects.toThrow();
    await expect.poll(() => signal.aborted).toBe(true);
    const asked = () =>
      query("{ version }").then(
        () => "answered",
        () => "not answered",
      );
    await expect.poll(asked).toBe("not answered");
  });

  test("runs again for another waiting session if its own ends", async () => {
    const begun: ModuleCall[] = [];
    let end: (value: string) => void = () => {};
    const ending = new Promise<string>((resolve) => {
      end = resolve;
    });
    const session = await start({
      modules: {
        ci: ci((call) => {
          begun.push(call);
          return ending;
        }),
      },
    });
    const [first, second] = await Promise.all([session.openSession(), session.openSession()]);
    const lost = ask(first, called).catch(() => "lost");
    await expect.poll(() => begun.length).toBe(1);
    const kept = data(second, called);
    await expect.poll(() => second.queries).toBe(1);
    await first.stop();
    expect(await lost).toBe("lost");
    await expect.poll(() => begun.length).toBe(2);
    expect(begun[0]?.signal.aborted).toBe(true);
    end("worked");
    expect(await kept).toEqual({ ci: { run: "worked" } });
  });

  test("ends with the engine, and fails like its session", async () => {
    const met: unknown[] = [];
    const session = await start({
      modules: {
        ci: ci(async ({ query }) => {
          session.kill();
          await query("{ version }").catch((error) => met.push(error));
          return "never told";
        }),
      },
    });
    expect((await ask(session, called)).status).toBe(502);
    await session.stop();
  });
});

describe("a function that is a program", () => {
  const PROGRAM = fileURLToPath(new URL("./module-program.mjs", import.meta.url));
  const command = [process.execPath, PROGRAM];
  const ci: ModuleDouble = {
    functions: {
      run: { args: { way: "String!" }, run: { command, environment: { MINE: "yes" } } },
    },
  };

  test("reads its call from its session, and reports its result", async () => {
    const session = await start({ modules: { ci } });
    const answer = (await data(session, '{ ci { run(way: "return") } }')) as {
      ci: { run: string };
    };
    expect(JSON.parse(answer.ci.run)).toEqual({
      ...{ module: "ci", name: "run", parentName: "Ci", parent: "{}", mine: "yes" },
      inputArgs: [{ name: "way", value: '"return"' }],
    });
    expect(await errorsOf(session, '{ ci { run(way: "fail") } }')).toEqual([
      { message: "no luck", path: ["ci", "run"], extensions: { tries: 3 } },
    ]);
  });

  test("fails like a command if it ends without a result", async () => {
    const session = await start({ modules: { ci } });
    const [failed] = await errorsOf(session, '{ ci { run(way: "exit") } }');
    expect(failed).toMatchObject({
      message: expect.stringMatching(/^call function "run": exit code: 7 \[traceparent:/),
      extensions: { _type: "EXEC_ERROR", exitCode: 7, stderr: "gave up" },
    });
    const [silent] = await errorsOf(session, '{ ci { run(way: "nothing") } }');
    expect(silent.message).toBe('call function "run": it returned nothing');
  });

  test("is killed when no client waits for it", async () => {
    const session = await start({ modules: { ci } });
    const dropping = new AbortController();
    const dropped = ask(session, '{ ci { run(way: "hang") } }', { signal: dropping.signal });
    await expect.poll(() => session.requestsTo("quay.io")).toBeGreaterThan(0);
    expect(session.commandsRunning).toBe(1);
    dropping.abort();
    await expect(dropped).rejects.toThrow();
    await expect.poll(() => session.commandsRunning).toBe(0);
  });
});

test("reports in an engine's words that there is no current function outside one", async () => {
  const session = await start({ modules: { hello: HELLO } });
  const none = "no current module: main client caller has no current module";
  expect(await errorsOf(session, "{ currentFunctionCall { name } }")).toEqual([
    { message: none, path: ["currentFunctionCall"] },
  ]);
  const frame =
    "failed to compute cache key for Query.currentModule: failed to get current module: ";
  expect(await errorsOf(session, "{ currentModule { name } }")).toEqual([
    { message: frame + none, path: ["currentModule"] },
  ]);
});

test("exports a running function's requests when its session ends", async () => {
  await using collector = await startCollector();
  const session = await start({
    modules: {
      ci: {
        functions: {
          run: async ({ query }) => {
            await query('{ container { from(address: "quay.io/a/b:1") { platform } } }');
            await new Promise(() => {});
          },
        },
      },
    },
    traces: { endpoint: collector.endpoint, scheduleDelayMs: 60_000 },
  });
  const lost = ask(session, "{ ci { run } }").catch(() => "lost");
  await expect.poll(() => session.requestsTo("quay.io")).toBeGreaterThan(0);
  await session.stop();
  expect(await lost).toBe("lost");
  const names = collector.received.flatMap(({ body }) => decodeSpans(body)).map(({ name }) => name);
  expect(names.filter((name) => name === "POST /query")).toHaveLength(2);
  expect(names).toContain("Container.from");
});
