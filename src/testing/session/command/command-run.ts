/** Runs a command of the stand-in, such as `dagger call`: steps that print, fail or hang, then a report. */

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../../traces/environment.js";
import { ActiveSpan, nowNs, type OpenTrace, SCOPES } from "../traces/active-span.js";
import { SpanExporter } from "../traces/exporter.js";
import { exportTargetOf } from "../traces/exporter-environment.js";
import type { CommandScript, Step } from "./command-script.js";
import { LogExporter } from "./log-exporter.js";
import { type ReportedStep, reportOf } from "./report.js";

/** How a command ended. */
interface CommandEnd {
  readonly exitCode: number;
  readonly error: string;
}

const CANCELED = "context canceled";
/** The exit code of a CLI that was interrupted, and of a failure outside all steps. */
const FAILED = 1;

/**
 * Runs a command and returns its exit code. On the first SIGINT, it reports the step that hangs, sends its
 * logs and ends. On the second, it ends at once. SIGTERM ends it at once, as it does the real CLI.
 */
export function runCommandDouble(
  script: CommandScript,
  args: readonly string[],
  env: Environment,
): Promise<number> {
  return new CommandRun(script, args, env).run();
}

class CommandRun {
  readonly #script: CommandScript;
  readonly #logs: LogExporter;
  readonly #spans: SpanExporter | undefined;
  readonly #interruption = new AbortController();
  readonly #trace: OpenTrace | undefined;
  readonly #args: readonly string[];
  readonly #startMs = Date.now();
  /** The steps to list in the report at the end. */
  readonly #steps: ReportedStep[] = [];

  constructor(script: CommandScript, args: readonly string[], env: Environment) {
    this.#script = script;
    this.#args = args;
    this.#logs = new LogExporter(env);
    const target = exportTargetOf(env);
    const spans = target && new SpanExporter(target);
    this.#spans = spans;
    this.#trace = spans && {
      id: randomBytes(16).toString("hex"),
      take: (span) => spans.add(span),
      kept: new Map(),
    };
  }

  async run(): Promise<number> {
    process.on("SIGINT", () => {
      if (this.#script.deaf) return;
      if (this.#interruption.signal.aborted) process.exit(130);
      this.#interruption.abort();
    });
    for (const line of this.#script.says) process.stderr.write(`${line}\n`);
    const { exitCode, error } = await this.#runSteps();
    await Promise.all([this.#logs.flush(), this.#spans?.flush()]);
    if (this.#script.format === "plain") {
      if (error !== "") this.#print(`Error: ${error}`);
      return exitCode;
    }
    const lines = reportOf({
      ...{ args: this.#args, durationMs: Date.now() - this.#startMs, exitCode, error },
      ...{ call: this.#script.call, steps: this.#steps },
    });
    process.stderr.write(lines.map((line) => `${line}\n`).join(""));
    return exitCode;
  }

  async #runSteps(): Promise<CommandEnd> {
    for (const [index, step] of this.#script.steps.entries()) {
      const startMs = Date.now();
      const span = this.#begin(step);
      const wasInterrupted = await this.#step(index + 1, step);
      const failed = wasInterrupted || step.exitCode !== 0;
      span.end({ status: failed ? "error" : "ok" });
      const error = wasInterrupted ? CANCELED : failed ? `exit code: ${step.exitCode}` : "";
      this.#report({
        name: step.name,
        durationMs: Date.now() - startMs,
        end: wasInterrupted ? "canceled" : failed ? "failed" : step.cached ? "cached" : "passed",
        prints: step.prints,
        reason: wasInterrupted ? "" : error,
      });
      if (failed) return { exitCode: wasInterrupted ? FAILED : step.exitCode, error };
    }
    const { error } = this.#script;
    return { exitCode: error === "" ? 0 : FAILED, error };
  }

  /** Runs a step. Returns whether SIGINT interrupted it. */
  async #step(number: number, { prints, everyMs, hangs }: Step): Promise<boolean> {
    for (const line of prints) {
      if (await this.#interrupted(everyMs)) return true;
      this.#logs.add(line);
      this.#print(`${number}   : | ${line}`);
    }
    return hangs && (await this.#interrupted(undefined));
  }

  /** Waits for a time, or forever. Returns whether SIGINT interrupted the wait. */
  async #interrupted(forMs: number | undefined): Promise<boolean> {
    const { signal } = this.#interruption;
    do {
      await sleep(forMs ?? 60_000, undefined, { signal }).catch(() => undefined);
    } while (forMs === undefined && !signal.aborted);
    return signal.aborted;
  }

  /** Adds a step to the report. In format `"plain"`, prints it at once. */
  #report(step: ReportedStep): void {
    this.#steps.push(step);
    const { name, durationMs, end } = step;
    const passed = end === "passed" || end === "cached";
    const word = { passed: "", cached: " CACHED", failed: " ERROR", canceled: " CANCELED" }[end];
    this.#print(`${passed ? "✔" : "✘"} ${name} ${(durationMs / 1000).toFixed(1)}s${word}`);
  }

  #print(line: string): void {
    if (this.#script.format === "plain") process.stderr.write(`${line}\n`);
  }

  #begin({ name }: Step): ActiveSpan {
    const begun = { scope: SCOPES.core, name, parent: "", attributes: {}, startNs: nowNs() };
    return new ActiveSpan(this.#trace, begun);
  }
}
