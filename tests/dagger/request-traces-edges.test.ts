// Tests request traces in difficult cases: odd environments, half-open circuits, a killed CLI, and secrets
// in every place.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DigestFile } from "../../src/dagger/index.js";
import { decodeSpans } from "../../src/traces/index.js";
import { startCollector } from "../traces/fake-collector.js";
import { pull, useCliSessions } from "./cli-sessions.js";

const CLI = "_EXPERIMENTAL_DAGGER_CLI_BIN";
const ADDED = [
  "OTEL_BSP_SCHEDULE_DELAY",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
];

const cli = useCliSessions({ lostSessionDelayMs: 20 });
const { inSession } = cli;
let { double, clock, registry } = cli;
let folder: string;
beforeEach(() => {
  ({ double, clock, registry } = cli);
  folder = mkdtempSync(join(tmpdir(), "witness-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const breakers = () =>
  [...registry.getAll().values()].map((breaker) => breaker.getMetrics().inFlightCount);

/** Puts a script in front of the CLI. The script records the CLI's process id and environment. */
function recordingCli() {
  const real = process.env[CLI];
  const script = join(folder, "cli");
  const [pid, environment] = [join(folder, "pid"), join(folder, "environment")];
  writeFileSync(
    script,
    `#!/bin/sh\necho $$ > '${pid}'\nenv -0 > '${environment}'\nexec '${real}' "$@"\n`,
  );
  chmodSync(script, 0o755);
  vi.stubEnv(CLI, script);
  return {
    pid: () => Number(readFileSync(pid, "utf8")),
    environment: () => {
      const pairs = readFileSync(environment, "utf8").split("\0").filter(Boolean);
      return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)));
    },
  };
}

test.each<[string, Record<string, string>, readonly string[]]>([
  ["a plain one", {}, ADDED],
  [
    "one with odd content",
    { EMPTY: "", EQUALS: "a=b==c", LINES: "a\nb=c\n", LETTERS: "é😀", PROTO: "__proto__" },
    ADDED,
  ],
  ["one that wants spans at once", { OTEL_BSP_SCHEDULE_DELAY: "5" }, ADDED.slice(1)],
  [
    "one that names a protocol and a slow delay",
    { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf", OTEL_BSP_SCHEDULE_DELAY: "60000" },
    ADDED,
  ],
])("the CLI gets three variables and its unchanged environment: %s", async (_what, env, names) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const cli = recordingCli();
  const before = { ...process.env };
  await inSession((client) => client.version(), { traces: false });
  const plain: Record<string, string> = cli.environment();
  await inSession(async (client) => {
    await client.version();
    expect({ ...process.env }).toEqual(before);
  });
  const traced: Record<string, string> = cli.environment();
  const changed = Object.keys({ ...plain, ...traced }).filter(
    (name) => plain[name] !== traced[name],
  );
  const same = new Set(["http/protobuf"]);
  expect(changed.sort()).toEqual(names.filter((name) => !same.has(plain[name] ?? "")));
  expect(traced.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\//,
  );
});

test("a pipeline continues after the probe of a half-open circuit", async () => {
  const hub = registry.get("registry:docker.io", {
    trip: { badSeconds: 5, windowMs: 60_000 },
    openTimeGrowthFactor: 2,
  });
  hub.acquire().failure(new Error("down"), { openNow: true });
  clock.advance(60_000);
  const ran = await inSession(async (client) => [
    await pull("alpine:3")(client),
    await pull("busybox:1")(client),
    await pull("debian:12")(client),
  ]);
  expect(ran).toEqual(["ran\n", "ran\n", "ran\n"]);
  expect(hub.state).toBe("closed");
  await expect.poll(breakers).toEqual([0, 0]);
});

test("a killed CLI is one failure of the engine, keeps no permit, and a rerun is traced", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const cli = recordingCli();
  let runs = 0;
  const ran = inSession(
    async (client) => {
      runs += 1;
      if (runs > 1) return pull("alpine:3")(client);
      const running = client.container().from("busybox:1").withExec(["sleep", "60"]).sync();
      running.catch(() => {});
      await expect.poll(() => double.requestsTo("docker.io")).toBeGreaterThan(0);
      process.kill(cli.pid(), "SIGKILL");
      await running;
      return "never";
    },
    { onSessionLost: "rerun" },
  );
  expect(await ran).toBe("ran\n");
  expect(registry.get("engine").getMetrics().metrics).toMatchObject({ failureCount: 1 });
  await expect
    .poll(() => registry.get("registry:docker.io").getMetrics().metrics.successCount)
    .toBe(1);
  await expect.poll(breakers).toEqual([0, 0]);
  expect(JSON.stringify(warn.mock.calls)).toContain("dagger-cli-ended");
});

test("request traces, known digests and our own spans reveal no secret", async () => {
  const told: unknown[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((...warning) => void told.push(warning));
  await using collector = await startCollector();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", new URL("/", collector.endpoint).href);
  const path = join(folder, "digests.json");
  const store = new DigestFile({ path });
  const onUse = (event: unknown) => void told.push(event);
  registry.onBreaker((breaker) => {
    for (const event of ["success", "failure", "rejected", "stateChange"] as const) {
      breaker.on(event, (message) => void told.push(message));
    }
  });
  double.setFaults([{ operation: "http", kind: "status", status: 503 }]);
  for (let run = 0; run < 2; run += 1) {
    await inSession(
      async (client) => {
        const token = client.setSecret("token", "plain-secret");
        await client
          .container()
          .from("quay.io/acme/app:1")
          .withSecretVariable("TOKEN", token)
          .withExec(["echo", "argument-secret"])
          .stdout();
        const file = client.http(
          "https://bot:url-secret@files.example.com/path-secret?sig=query-secret",
        );
        await file.contents().catch(() => {});
        const git = client.git("https://bot:url-secret@github.com/acme/a");
        await git
          .branch("main")
          .tree()
          .entries()
          .catch(() => {});
      },
      { pin: { maxAgeMs: 3_600_000, store, onUse } },
    );
  }
  store.flush();
  const own = () =>
    collector.received
      .flatMap(({ body }) => decodeSpans(body))
      .filter(({ name }) => name === "guarded request");
  await expect.poll(() => own().length).toBeGreaterThan(4);
  for (const breaker of registry.getAll().values()) told.push(breaker.getMetrics());
  const digests = readFileSync(path, "utf8");
  expect(digests).toContain("quay.io/acme/app:1");
  expect(told.length).toBeGreaterThan(5);
  expect(`${inspect([told, own()], { depth: 100, showHidden: true })}${digests}`).not.toMatch(
    /\w+-secret/,
  );
});
