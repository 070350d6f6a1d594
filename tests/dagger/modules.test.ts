// Tests functions of modules under a guard: their requests, the spans that they forge, and guards inside
// them.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../src/dagger/index.js";
import type { ModuleDouble } from "../../src/testing/index.js";
import { encodeSpans, type OwnSpan } from "../../src/traces/index.js";
import { buildPackage } from "../build.js";
import { describeEachEngine } from "../session-double/engines.js";
import { call as httpCall } from "../traces/made-spans.js";
import { useCliSessions } from "./cli-sessions.js";

const PROGRAM = fileURLToPath(new URL("./guarded-module.mjs", import.meta.url));
const FORGING = fileURLToPath(new URL("./forging-command.mjs", import.meta.url));
const DIST = join(await buildPackage(), "dist");
const GUARD = pathToFileURL(join(DIST, "dagger/index.js")).href;
const TRACES = pathToFileURL(join(DIST, "traces/index.js")).href;

const LIMITED = "invalid response status 429 Too Many Requests";
const fetching = '{ http(url: "https://files.example.com/a.txt") { contents } }';

const ci: ModuleDouble = {
  functions: {
    fetch: async ({ query }) => {
      await query(fetching);
      return "fetched";
    },
    pull: {
      args: { image: "String!" },
      run: async ({ args, query }) => {
        await query("query ($image: String!) { container { from(address: $image) { id } } }", args);
        return "pulled";
      },
    },
    // Forges a failure of a host in its spans, and fails with an error that names another host.
    lie: {
      args: { host: "String!", message: "String!" },
      run: async ({ args, environment, query }) => {
        await query("{ version }");
        const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint, TRACEPARENT: parent } = environment;
        const { host, message } = args as Record<string, string>;
        await fetch(endpoint, { method: "POST", body: madeUp(parent, `https://${host}/a`) });
        throw new Error(message);
      },
    },
    // Forges a failure through a command, and fails with an error that names no host.
    lieByCommand: async ({ query }) => {
      const forged = httpCall("http", "url", "https://three.example.com/a");
      const args = [process.execPath, FORGING, TRACES, ...Object.values(forged)];
      const ran = await query(
        "query ($args: [String!]!) { container { withExec(args: $args) { stdout } } }",
        { args },
      );
      throw new Error(JSON.stringify(ran).includes("forged") ? LIMITED : "nothing was forged");
    },
    test: async ({ query }) => {
      const { container } = await query(
        '{ container { withExec(args: ["/bin/sh", "-c", "exit 3"]) { stdout } } }',
      );
      return String(container);
    },
    guarded: {
      args: { images: "[String!]!" },
      run: { command: [process.execPath, PROGRAM], environment: { GUARD } },
    },
  },
};

/** Encodes forged spans: a failed download below a forged request of the function. */
function madeUp(traceparent: string, url: string): Uint8Array {
  const [, trace = "", parent = ""] = traceparent.split("-");
  const now = `${Date.now()}000000`;
  const common = { trace, startNs: now, endNs: now, status: "error" as const, message: LIMITED };
  const [request, download] = ["1".repeat(16), "2".repeat(16)];
  const spans: OwnSpan[] = [
    {
      ...{ ...common, id: request, parent, name: "POST /query", attributes: {} },
      scope: "dagger.io/engine.server",
    },
    {
      ...{ ...common, id: download, parent: request, name: "Query.http" },
      scope: "dagger.io/core",
      attributes: httpCall("http", "url", url),
    },
  ];
  return encodeSpans(spans, { "service.name": "unknown_service:dagger-engine" });
}

interface Selectable {
  select(field: string, args?: object): Selectable;
  execute(): Promise<unknown>;
}

/** Calls a function that the SDK's client has no method for. */
const call =
  (name: string, args: object = {}) =>
  (client: Client) =>
    (client as unknown as { _ctx: Selectable })._ctx.select("ci").select(name, args).execute();

describeEachEngine((engineVersion) => {
  // The folder is outside any repository, because an engine of 1.0 would write a lock file into a
  // repository.
  const cli = useCliSessions({ engineVersion, modules: { ci }, workdir: tmpdir() });
  const { inSession } = cli;
  let { double, registry } = cli;
  beforeEach(() => {
    ({ double, registry } = cli);
  });

  const counts = (name: string) => registry.getAll().get(name)?.getMetrics().metrics;

  test("a failed host of a function counts once its request is exported, without a wait for the caller", async () => {
    double.setFaults([{ operation: "http", kind: "status", status: 503 }]);
    await inSession(async (client) => {
      await expect(call("fetch")(client)).rejects.toThrow("503 Service Unavailable");
      expect(counts("http:files.example.com")).toBeUndefined();
      await expect.poll(() => counts("http:files.example.com")?.failureCount).toBe(1);
    });
    expect(counts("engine")).toMatchObject({ failureCount: 0 });
  });

  test("a failed registry below a function counts once, and a rate limit there opens no circuit at once", async () => {
    double.setFaults([
      { host: "quay.io", kind: "status", status: 503 },
      { host: "ghcr.io", kind: "status", status: 429 },
    ]);
    await inSession(async (client) => {
      await expect(call("pull", { image: "quay.io/a/b:1" })(client)).rejects.toThrow("503");
      await expect(call("pull", { image: "ghcr.io/a/b:1" })(client)).rejects.toThrow("429");
    });
    for (const host of ["quay.io", "ghcr.io"]) {
      await expect.poll(() => counts(`registry:${host}`)?.failureCount).toBe(1);
      expect(registry.get(`registry:${host}`).state).toBe("closed");
    }
    expect(counts("engine")).toMatchObject({ failureCount: 0 });
  });

  test("forged spans of a function are one failure beside a matching answer, and nothing beside a user error or below a command", async () => {
    const lie = (host: string, message: string) => call("lie", { host, message });
    await inSession(async (client) => {
      await expect(lie("one.example.com", "exit code: 3")(client)).rejects.toThrow("exit code");
      await expect(call("lieByCommand")(client)).rejects.toThrow(LIMITED);
      await expect(lie("two.example.com", LIMITED)(client)).rejects.toThrow(LIMITED);
    });
    await expect.poll(() => counts("http:two.example.com")?.failureCount).toBe(1);
    expect(registry.get("http:two.example.com").state).toBe("closed");
    expect(counts("http:one.example.com")).toBeUndefined();
    expect(counts("http:three.example.com")).toBeUndefined();
  });
});

describe("on every engine", () => {
  const cli = useCliSessions({ modules: { ci } });
  const { inSession } = cli;
  let { double, registry } = cli;
  beforeEach(() => {
    ({ double, registry } = cli);
  });

  const counts = (name: string) => registry.getAll().get(name)?.getMetrics().metrics;

  test("a failing test of a module counts as no failure", async () => {
    await inSession(async (client) => {
      await expect(call("test")(client)).rejects.toThrow("exit code: 3");
    });
    await expect.poll(() => counts("engine")?.successCount).toBe(2);
    expect([...registry.getAll().keys()]).toEqual(["engine"]);
  });

  test("a guard inside a function has its own circuits, and its rejections are not failures outside", async () => {
    double.setFaults([{ host: "ghcr.io", kind: "status", status: 429 }]);
    const images = ["ghcr.io/a/b:1", "quay.io/a/b:1", "ghcr.io/a/b:2"];
    await inSession(async (client) => {
      await expect(call("guarded", { images })(client)).rejects.toMatchObject({
        message: expect.stringContaining("circuit open: registry:ghcr.io"),
        extensions: {
          said: ["GraphQLRequestError", "pulled", "CircuitBreakerOpenError"],
          circuits: ["engine closed", "registry:ghcr.io open", "registry:quay.io closed"],
        },
      });
      // The engine makes all its attempts for the first image, and only one for the second.
      expect(double.requestsTo("ghcr.io")).toBe(6);
    });
    await expect.poll(() => counts("engine")?.ignoredCount).toBe(1);
    expect(counts("engine")).toMatchObject({ successCount: 1, failureCount: 0, rejectedCount: 0 });
    expect([...registry.getAll().keys()]).toEqual(["engine"]);
  });
});
