// Tests the engine's traces and known digests, with the real SDK, a stand-in for its CLI, and the session
// double.

import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { MemoryDigests } from "../../src/dagger/index.js";
import { decodeSpans, type EngineSpan } from "../../src/traces/index.js";
import { startOwnTime } from "../own-time.js";
import {
  status as answering,
  type FakeCollector,
  startCollector,
} from "../traces/fake-collector.js";
import { pull, useCliSessions } from "./cli-sessions.js";

const ownMs = startOwnTime();

const cli = useCliSessions();
const { inSession } = cli;
let { double, clock, registry } = cli;
beforeEach(() => {
  ({ double, clock, registry } = cli);
});

const counts = (name: string) => registry.getAll().get(name)?.getMetrics().metrics;

test("an exchange proves that a registry answered, and a cached result does not", async () => {
  await inSession(async (client) => {
    await pull("alpine:3")(client);
    await expect.poll(() => counts("registry:docker.io")?.successCount).toBe(1);
    await pull("alpine:3")(client);
    await client.container().from("alpine:3").withExec(["echo", "other"]).stdout();
    await sleep(400);
    expect(counts("registry:docker.io")?.successCount).toBe(1);
  });
});

test("a half-open circuit closes on an exchange", async () => {
  const hub = registry.get("registry:docker.io", {
    trip: { badSeconds: 5, windowMs: 60_000 },
    openTimeGrowthFactor: 2,
  });
  hub.acquire().failure(new Error("down"), { openNow: true });
  clock.advance(60_000);
  await inSession(pull("alpine:3"));
  await expect.poll(() => hub.state).toBe("closed");
});

test("a hang until the timeout dropped the request is a failure of its host, if named", async () => {
  double.setFaults([{ host: "docker.io", kind: "hang" }]);
  const hanging = inSession(pull("alpine:3"), { operationTimeoutMs: 1500 });
  await expect(hanging).rejects.toThrow("1500 ms");
  await expect.poll(() => counts("registry:docker.io")?.failureCount).toBe(1);
  expect(counts("engine")).toMatchObject({ failureCount: 0, ignoredCount: 1 });
});

test("a command that hangs until the timeout counts as no failure", async () => {
  const hanging = inSession(
    (client) => client.container().from("alpine:3").withExec(["sleep", "60"]).sync(),
    { operationTimeoutMs: 1500 },
  );
  await expect(hanging).rejects.toThrow("1500 ms");
  await sleep(1200);
  expect(counts("registry:docker.io")).toMatchObject({ failureCount: 0 });
});

test("a failed registry counts once, by the answer and its spans together", async () => {
  double.setFaults([{ host: "docker.io", kind: "status", status: 503 }]);
  await expect(inSession(pull("alpine:3"))).rejects.toThrow("503 Service Unavailable");
  await expect.poll(() => counts("registry:docker.io")?.failureCount).toBe(1);
  await sleep(1200);
  expect(counts("registry:docker.io")).toMatchObject({ failureCount: 1, lateCount: 0 });
});

test("no variable of the process changes, and the CLI is the one that the SDK starts", async () => {
  const before = { ...process.env };
  await inSession(async (client) => {
    await client.version();
    expect({ ...process.env }).toEqual(before);
  });
  expect({ ...process.env }).toEqual(before);
});

test("the user's collector gets everything, and our own span joins theirs and the engine's", async () => {
  await using collector = await startCollector();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", new URL("/", collector.endpoint).href);
  vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc");
  await inSession(pull("alpine:3"));
  // The engine exports its spans independently, so they come before or after our own span.
  const own = () => spansAt(collector).filter(({ name }) => name === "guarded request");
  const requests = () => spansAt(collector).filter(({ name }) => name === "POST /query");
  await expect.poll(() => own().length).toBeGreaterThan(0);
  await expect
    .poll(() => requests().some(({ parent }) => own().some(({ id }) => id === parent)))
    .toBe(true);
  for (const { headers } of collector.received) expect(headers.authorization).toBe("Bearer abc");
  expect(JSON.stringify(own())).not.toContain("alpine");
});

test.each([
  ["refuses", () => startCollector(answering(503))],
  ["never answers", () => startCollector(() => {})],
])("a collector that %s does not slow a pipeline or its request traces", async (_what, start) => {
  await using collector = await start();
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", new URL("/", collector.endpoint).href);
  const beganMs = ownMs();
  await inSession(pull("alpine:3"));
  expect(ownMs() - beganMs).toBeLessThan(10_000);
  await expect.poll(() => counts("registry:docker.io")?.successCount).toBe(1);
  vi.restoreAllMocks();
});

test("leaves a gRPC collector alone, and only the answer decides", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  await inSession(pull("alpine:3"));
  expect(counts("registry:docker.io")?.successCount).toBe(1);
  expect(JSON.stringify(warn.mock.calls)).toContain("traces-left-alone");
  vi.restoreAllMocks();
});

test("a session from the environment runs without request traces, and causes a warning", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
  await inSession(pull("alpine:3"));
  expect(counts("registry:docker.io")?.successCount).toBe(1);
  expect(JSON.stringify(warn.mock.calls)).toContain("traces-not-read");
  vi.restoreAllMocks();
});

test("with known digests the third run works while the registry is down, without them it does not", async () => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const pin = { maxAgeMs: 3_600_000, store: new MemoryDigests() };
  const asked = () => double.requestsTo("quay.io");
  expect(await inSession(pull("quay.io/acme/app:1"), { pin })).toBe("ran\n");
  expect(await inSession(pull("quay.io/acme/app:1"), { pin })).toBe("ran\n");
  const before = asked();
  double.setFaults([{ host: "quay.io", kind: "status", status: 503 }]);
  expect(await inSession(pull("quay.io/acme/app:1"), { pin })).toBe("ran\n");
  expect(asked()).toBe(before);
  await expect(inSession(pull("quay.io/acme/app:1"))).rejects.toThrow("503 Service Unavailable");
  vi.restoreAllMocks();
});

function spansAt({ received }: FakeCollector): EngineSpan[] {
  return received.flatMap(({ body }) => decodeSpans(body));
}
