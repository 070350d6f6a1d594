// Tests that the guard neither keeps nor reveals secrets of a request, however the request ends.

import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, type GuardOptions } from "../../src/dagger/index.js";
import { createRegistry, logTo, publishDiagnostics, type Registry } from "../../src/index.js";
import { type FaultRule, type SessionDouble, startSessionDouble } from "../../src/testing/index.js";

const SECRETS = /plain-secret|url-secret|query-secret|argument-secret/;

let double: SessionDouble;
let registry: Registry;
/** All errors, events and warnings that the guard itself reports. */
let told: unknown[];

beforeEach(async () => {
  double = await startSessionDouble({ lostSessionDelayMs: 20 });
  vi.stubEnv("DAGGER_SESSION_PORT", double.environment.DAGGER_SESSION_PORT);
  vi.stubEnv("DAGGER_SESSION_TOKEN", double.environment.DAGGER_SESSION_TOKEN);
  registry = createRegistry();
  told = [];
  vi.spyOn(console, "error").mockImplementation(() => {}); // The SDK itself prints that its version check failed.
  vi.spyOn(process, "emitWarning").mockImplementation((...warning) => void told.push(warning));
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await double.stop();
});

function everything(values: unknown): string {
  return inspect(values, {
    depth: 100,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  });
}

function listen(): void {
  registry.onBreaker((breaker) => {
    for (const event of [
      "stateChange",
      "success",
      "failure",
      "ignored",
      "late",
      "rejected",
    ] as const) {
      breaker.on(event, (message) => void told.push(message));
    }
  });
}

/** Sends each kind of request twice, with secrets in it. Keeps the errors that are ours. */
async function run(guard: GuardOptions): Promise<void> {
  await connect(
    async (client) => {
      const token = client.setSecret("token", "plain-secret");
      const requests = [
        () => client.http("https://bot:url-secret@files.example.com/a?sig=query-secret").contents(),
        () =>
          client.git("https://bot:url-secret@github.com/acme/a").branch("main").tree().entries(),
        () =>
          client
            .container()
            .from("alpine:3")
            .withSecretVariable("TOKEN", token)
            .withExec(["sh", "-c", "exit 3 # argument-secret"])
            .stdout(),
      ];
      for (const request of [...requests, ...requests]) {
        const error = await request().catch((reason: unknown) => reason);
        // The SDK's own error contains the query, which is safe because only the caller gets it.
        if (String((error as { code?: unknown }).code).startsWith("D1")) continue;
        told.push(error);
      }
    },
    { guard: { registry, ...guard } },
  ).catch((error) => void told.push(error)); // An isolated engine rejects the whole connection.
}

const answering = (status: number): FaultRule[] =>
  (["from", "http", "git"] as const).map((operation) => ({ operation, kind: "status", status }));

test.each<[string, number, () => unknown]>([
  ["a rate limit of all hosts", 429, () => {}],
  ["an outage of all hosts", 503, () => {}],
  ["hosts that refuse", 403, () => {}],
  ["a killed engine", 503, () => double.kill()],
  ["an engine that ends", 503, () => double.end()],
  ["a restarted engine", 503, () => double.restart()],
  ["a CLI that is gone", 503, () => double.dropCli()],
  ["an isolated engine", 503, () => registry.get("engine").isolate("maintenance")],
])("reveals no secret in %s", async (_what, status, begin) => {
  const lines = vi.fn();
  const stops = [
    logTo(registry, { info: lines, warn: lines, debug: lines }, { calls: true }),
    publishDiagnostics(registry),
  ];
  listen();
  double.setFaults(answering(status));
  await begin();
  await run({});
  const breakers = [...registry.getAll().values()];
  told.push(lines.mock.calls);
  for (const breaker of breakers) told.push(breaker.getMetrics(), breaker.tryAcquire());
  expect(told.length).toBeGreaterThan(3);
  expect(everything(told)).not.toMatch(SECRETS);
  for (const stop of stops) stop();
});

test("reveals no secret in a timeout", async () => {
  listen();
  double.setFaults([{ kind: "hang" }]);
  await run({ operationTimeoutMs: 50 });
  expect(told.length).toBeGreaterThan(3);
  expect(everything(told)).not.toMatch(SECRETS);
});

test("reveals no secret if the registry has no room", async () => {
  double.setFaults(answering(503));
  await run({ registry: createRegistry({ maxBreakers: 1 }), needs: ["registry:ghcr.io"] });
  expect(everything(told)).not.toMatch(SECRETS);
});

test("the search finds a secret deep in a cause", () => {
  const error = new Error("outer", { cause: new Error("inner", { cause: "plain-secret" }) });
  expect(everything([{ deep: [[error]] }])).toMatch(SECRETS);
});
