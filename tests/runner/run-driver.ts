/**
 * Runs one command through runGuarded. The only argument is a file that contains the order. After the run,
 * the report and the state of the breakers replace the order in that file. The command uses the streams and
 * signals of this process.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/registry/registry.js";
import { startCommandTracing } from "../../src/runner/contacts/command-tracing.js";
import { runGuarded } from "../../src/runner/guarded-run.js";
import type { RunProgress } from "../../src/runner/report/run-progress.js";
import type { RejectedRequest, RunPlan } from "../../src/runner/run-plan.js";
import type { BreakerAfter, RunAfter, WrittenOrder } from "./built-runner.js";

const file = process.argv[2] ?? "";
const {
  guard: options,
  refusing,
  traces,
  sessions,
  refusals,
  lingersUntil,
  ...plan
}: WrittenOrder = JSON.parse(readFileSync(file, "utf8"));
const registry = createRegistry();
const guard = new Guard({ ...options, registry });
// Rejections are printed on standard error, because tests wait for them.
for (const [name, resetTimeoutMs] of Object.entries(refusing ?? {})) {
  const breaker = registry.get(name, { failureThreshold: 1, resetTimeoutMs });
  breaker.acquire().failure({
    name: "GraphQLError",
    at: "2026-11-25T00:00:00.000Z",
    rule: "made",
    fault: "registry",
  });
  breaker.on("rejected", () => process.stderr.write(`refused by ${name}\n`));
}

/** Fakes sessions: one begins each time a program requests the address in BEGIN. */
async function stubSessions(refusals: readonly (RejectedRequest | null)[]) {
  let refused: RejectedRequest | null = null;
  const listeners = new Set<() => void>();
  let begun = 0;
  const server = createServer((_request, response) => {
    begun += 1;
    refused = refusals[begun - 1] ?? refused;
    for (const listener of listeners) listener();
    const engine = registry.get("engine");
    response.end(`${engine.getMetrics().inFlightCount}`);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  server.unref();
  const stub: NonNullable<RunPlan["sessions"]> = {
    variables: { BEGIN: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` },
    onBegin(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lastRejection: () => refused,
    counts: () => (begun === 0 ? null : { requests: begun, rejected: 0, timedOut: 0, lost: 0 }),
  };
  return { stub, close: () => server.close() };
}

async function main(): Promise<void> {
  const begun = sessions ? await stubSessions(refusals ?? []) : undefined;
  const env = { ...process.env, ...plan.env };
  const progress: RunProgress[] = [];
  const report = await runGuarded(
    {
      learnt: "off",
      maxRetries: 0,
      limits: {},
      sendsTraces: false,
      ...plan,
      env,
      sessions: begun?.stub,
      tracing: traces ? await startCommandTracing(env) : undefined,
    },
    guard,
    (event) => progress.push(event),
  );
  begun?.close();
  const breakers: Record<string, BreakerAfter> = {};
  for (const [name, breaker] of registry.getAll()) {
    const { state, metrics, inFlightCount } = breaker.getMetrics();
    breakers[name] = { state, inFlightCount, ...metrics };
  }
  const { maxRSS } = process.resourceUsage();
  const after: RunAfter = { report, progress, breakers, maxRssKib: maxRSS };
  writeFileSync(file, JSON.stringify(after));
  process.exitCode = report.exitCode;
  while (lingersUntil !== undefined && !existsSync(lingersUntil)) await sleep(20);
}

void main();
