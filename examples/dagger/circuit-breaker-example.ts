/**
 * The circuit breaker at its main job: a Dagger pipeline on the real SDK, through health, outage and
 * recovery.
 *
 * Run it with `./scripts/dagger/run_circuit_breaker_example.sh [--json] [--traces] [--engine 0.21|1.0]`, or
 * with `--store <url>` in two terminals. It exits with 1 when any step goes wrong.
 */

import { parseArgs } from "node:util";
import { createRegistry } from "dagger-circuit-breaker";
import { classifyFailure } from "dagger-circuit-breaker/attribution";
import { connect, ExecError } from "dagger-circuit-breaker/dagger";
import { chooseEngine, ENGINES } from "./double.js";
import { tellOutage } from "./outage.js";
import { tellRegistryOutage } from "./registry-outage.js";
import { chooseSession } from "./session-choice.js";
import { tellSharedStore } from "./shared-store.js";
import { Story } from "./story.js";
import { tellTracesAndDigests } from "./traces-and-digests.js";

/**
 * The timeout is long, because a real engine may have to pull an image first. Without it, an engine that
 * hangs would hang the example.
 */
const OPERATION_TIMEOUT_MS = 60_000;

const { json, traces, store, engine } = readArguments();
chooseEngine(engine);
const story = new Story(json);
process.stdout.once("error", endWithoutReader);
const parts =
  store === undefined
    ? [
        tellRealOperations,
        tellOutage,
        tellRegistryOutage,
        ...(traces ? [tellTracesAndDigests] : []),
      ]
    : [() => tellSharedStore(story, store)];
for (const tell of parts) await story.part(tell);
process.exitCode = story.end();

function readArguments() {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  const engine = { type: "string", default: "0.21" } as const;
  const options = { json: flag, traces: flag, store: text, engine } as const;
  try {
    const { values } = parseArgs({ options });
    if (ENGINES.includes(values.engine)) return values;
    return refuse(`invalid --engine "${values.engine}"`);
  } catch (error) {
    return refuse(String((error as Error).message).split(". ")[0] ?? "");
  }
}

function refuse(why: string): never {
  const engines = ENGINES.join("|");
  console.error(`${why}. There are: --json, --traces, --engine ${engines}, --store <url>`);
  process.exit(2);
}

/**
 * Exits with the code of a process that SIGPIPE has killed. The reader of the output has gone, as with
 * `| head -1`.
 */
function endWithoutReader(error: NodeJS.ErrnoException): never {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
}

/** Runs operations in the best session that is available. With a real engine, these operations are real. */
async function tellRealOperations(): Promise<void> {
  const session = await chooseSession();
  const names = {
    environment: "the session in the environment",
    cli: "a session of the dagger CLI",
    double: "the session double (no engine is needed; it isolates nothing)",
  };
  story.chapter("Operations on a healthy engine");
  const text = `Uses ${names[session.kind]}. ${session.why}`;
  story.tell("session", text, { kind: session.kind }, "note");
  Object.assign(process.env, session.environment);
  const registry = createRegistry();
  try {
    await connect(
      async (client) => {
        const version = await client.version();
        story.tell("call", `call: version -> ${version}`, { outcome: "success" }, "good");
        const container = client.container().from("alpine:3.20");
        const echo = await tellOperation("echo", container.withExec(["echo", "hello"]).stdout());
        story.expect("echo ran and returned its output", echo === "hello\n");
        const failure = await tellOperation(
          "a failing test",
          container.withExec(["false"]).stdout(),
        );
        const isItsOwn = failure instanceof ExecError && failure.exitCode === 1;
        story.expect("the failing test ran, and failed by its own exit code", isItsOwn);
        const files = client.directory().withNewFile("a.txt", "a").withNewFile("b.txt", "b");
        const entries = await tellOperation("entries", files.entries());
        story.expect("both files are listed", String(entries) === "a.txt,b.txt");
      },
      { guard: { registry, operationTimeoutMs: OPERATION_TIMEOUT_MS } },
    );
  } finally {
    await session.end();
  }
  const { state, metrics } = registry.get("engine").getMetrics();
  story.expect("the engine's circuit stayed closed", state === "closed");
  story.expect("no call failed because of the engine", metrics.failureCount === 0);
  story.expect("every call was counted", metrics.successCount === 4);
}

/** Shows one operation. Returns its value, or its error: on a real engine, a registry may fail it. */
async function tellOperation(name: string, operation: Promise<unknown>): Promise<unknown> {
  try {
    const value = await operation;
    const shown = String(value).trim();
    story.tell("call", `call: ${name} -> ${shown}`, { outcome: "success" }, "good");
    return value;
  } catch (error) {
    const { fault, reason } = classifyFailure(error);
    const isCommand = error instanceof ExecError;
    const whose = isCommand ? "the user's own, no fault of the engine" : reason;
    const kind = error instanceof Error ? error.name : "an error";
    const text = `call: ${name} -> ${kind}, fault: ${fault} (${whose})`;
    story.tell("call", text, { outcome: "failure", fault }, isCommand ? "good" : "bad");
    return error;
  }
}
