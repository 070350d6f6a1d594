/** The outage of an engine: it dies, stays away for a while, and comes back. Always uses the session double. */

import { chmodSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type CircuitBreaker,
  createRegistry,
  isCircuitBreakerOpenError,
  retryWithBackoff,
  withFallback,
} from "dagger-circuit-breaker";
import {
  connect,
  ExecError,
  type GuardOptions,
  isSessionLostError,
} from "dagger-circuit-breaker/dagger";
import { startDouble } from "./double.js";
import type { Story } from "./story.js";

const ENGINE_OPTIONS = { failureThreshold: 3, resetTimeoutMs: 2500 };

/** Runs the outage and shows its events. */
export async function tellOutage(story: Story): Promise<void> {
  const registry = createRegistry();
  const engine = registry.get("engine", ENGINE_OPTIONS);
  const guard: GuardOptions = { registry, breakers: { engine: ENGINE_OPTIONS } };
  story.watch(engine);
  useStandInCli();

  story.chapter("A pipeline runs, and its engine dies in the middle");
  setEngine("dies");
  await tellDyingSession(story, guard);
  story.expect("the failing test is not a failure of the engine", failuresOf(engine) === 1);

  story.chapter("The pipeline connects again, but Docker is down");
  setEngine("down");
  for (let attempt = 2; attempt <= 3; attempt += 1) await tellFailedConnect(story, guard, attempt);
  story.expect("the circuit is open after three failures", engine.state === "open");

  story.chapter("While the circuit is open, no call waits for a dead engine");
  for (let call = 1; call <= 3; call += 1) await tellRejection(story, guard, call);
  await tellFallback(story, guard);
  story.expect("four calls were rejected", engine.getMetrics().metrics.rejectedCount === 4);

  story.chapter("The reset timeout ends, one call probes, and the engine is still down");
  // A timer can fire up to a millisecond early, so the wait is a millisecond longer.
  await sleep(Math.ceil(engine.check().retryAfterMs ?? 0) + 1);
  await tellFailedConnect(story, guard, 4);
  story.expect("the failed probe opened the circuit again", engine.state === "open");

  story.chapter("The engine comes back, and a call that waits for it is the probe");
  setEngine("up");
  await tellWaitingCall(story, guard);
  story.expect("the probe closed the circuit", engine.state === "closed");

  story.chapter("A registry has a hiccup: a retry with backoff is enough");
  await tellRetry(story, guard);
  story.expect("a registry's hiccup is not a failure of the engine", failuresOf(engine) === 4);
  tellMetrics(story, engine);
}

async function tellDyingSession(story: Story, guard: GuardOptions): Promise<void> {
  await connect(
    async (client) => {
      const base = client.container().from("alpine");
      const hello = await base.withExec(["echo", "built"]).stdout();
      story.tell("call", `call: echo -> ${hello.trim()}`, { outcome: "success" }, "good");
      const failing = base.withExec(["sh", "-c", "echo '1 test failed' >&2; exit 1"]).stdout();
      const failure = await reasonOf(failing);
      const isUsers = failure instanceof ExecError;
      story.expect("a failing test arrives as ExecError", isUsers);
      const text = "call: a failing test -> ExecError, the user's own: the engine did its work";
      story.tell("call", text, { outcome: "failure", fault: "user" }, "good");
      await reasonOf(base.withExec(["sleep", "1"]).sync());
      const killed = "call: the engine is killed under it -> failure 1 of 3";
      story.tell("failure", killed, { failure: 1 }, "bad");
      const lost = await reasonOf(client.version());
      story.expect("the rest of a lost session is rejected", isSessionLostError(lost));
      story.tell("lost", `call: ${messageOf(lost)}`, { outcome: "refused" }, "note");
    },
    { guard },
  );
}

async function tellFailedConnect(story: Story, guard: GuardOptions, count: number): Promise<void> {
  const error = await reasonOf(connect(async () => "unreached", { guard }));
  story.expect("the SDK's true error arrives", messageOf(error).includes("docker version"));
  const text = `connect: ${messageOf(error)} -> failure ${count}`;
  story.tell("failure", text, { failure: count }, "bad");
}

async function tellRejection(story: Story, guard: GuardOptions, count: number): Promise<void> {
  const beganMs = performance.now();
  const error = await reasonOf(connect(async () => "unreached", { guard }));
  const tookMs = performance.now() - beganMs;
  story.expect("an open circuit rejects with its own error", isCircuitBreakerOpenError(error));
  if (!isCircuitBreakerOpenError(error)) return;
  const text = `connect: rejected (${error.message}) in ${tookMs.toFixed(1)} ms`;
  story.tell("rejected", text, { rejection: count, retryAfterMs: error.retryAfterMs }, "note");
}

async function tellFallback(story: Story, guard: GuardOptions): Promise<void> {
  const version = () => connect((client) => client.version(), { guard });
  const answer = await withFallback(version, "the version of the last run");
  story.expect("the fallback was used", answer === "the version of the last run");
  story.tell(
    "fallback",
    `connect: rejected, and the fallback answers -> ${answer}`,
    { answer },
    "good",
  );
}

async function tellWaitingCall(story: Story, guard: GuardOptions): Promise<void> {
  const waits = 'connect with onOpen: "wait": rejected for now, waits for the open time to end';
  story.tell("waiting", waits, { onOpen: "wait" }, "note");
  const waiting: GuardOptions = { ...guard, onOpen: "wait", maxWaitMs: 10_000, waitSpreadMs: 100 };
  const answer = await connect(
    (client) => client.container().from("alpine").withExec(["echo", "recovered"]).stdout(),
    { guard: waiting },
  );
  story.expect("the waiting call got its answer", answer === "recovered\n");
  story.tell("call", `call: echo -> ${answer.trim()}`, { outcome: "success" }, "good");
}

async function tellRetry(story: Story, guard: GuardOptions): Promise<void> {
  const double = await startDouble({
    faults: [{ operation: "from", calls: { from: 1, to: 2 }, kind: "status", status: 503 }],
  });
  Object.assign(process.env, double.environment);
  const answer = await connect(
    (client) =>
      retryWithBackoff(
        () => client.container().from("alpine").withExec(["echo", "pulled"]).stdout(),
        {
          maxRetries: 4,
          initialDelayMs: 200,
          onRetry: ({ attempt, delayMs, error }) => {
            const text = `attempt ${attempt}: ${messageOf(error).slice(-23)}, again in ${Math.round(delayMs)} ms`;
            story.tell("retry", text, { attempt, delayMs }, "note");
          },
        },
      ),
    { guard },
  );
  await double.stop();
  story.expect("the retried call got its answer", answer === "pulled\n");
  story.tell("call", `attempt 3: echo -> ${answer.trim()}`, { outcome: "success" }, "good");
}

function tellMetrics(story: Story, engine: CircuitBreaker): void {
  const { metrics, ...standing } = engine.getMetrics();
  story.chapter("Metrics of the engine's breaker");
  for (const [name, value] of Object.entries({ state: standing.state, ...metrics })) {
    story.tell("metric", `${name.padEnd(18)}${value}`, { name, value }, "plain");
  }
}

function failuresOf(engine: CircuitBreaker): number {
  return engine.getMetrics().metrics.failureCount;
}

/** Makes every later `connect` start the stand-in in place of the real CLI. */
function useStandInCli(): void {
  const cli = fileURLToPath(new URL("stand-in-cli.js", import.meta.url));
  // The compiler does not make its output executable, so the first run does.
  if ((statSync(cli).mode & 0o111) === 0) chmodSync(cli, 0o755);
  delete process.env.DAGGER_SESSION_PORT;
  delete process.env.DAGGER_SESSION_TOKEN;
  process.env._EXPERIMENTAL_DAGGER_CLI_BIN = cli;
}

function setEngine(condition: "up" | "dies" | "down"): void {
  process.env.EXAMPLE_ENGINE = condition;
}

function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
