/** Runs a command of the CLI stand-in: steps that print, fail or hang, and a report at the end. */

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../../traces/environment.js";
import { SpanExporter } from "../traces/exporter.js";
import { exportTargetOf } from "../traces/exporter-environment.js";
import type { CommandScript, Step } from "./command-script.js";
import { LogExporter } from "./log-exporter.js";

/** What the CLI ends with when it was interrupted, or fails for another reason than a step. */
const FAILED = 1;

/**
 * Runs a command to its end, and returns its exit code. SIGINT ends it: it tells what hung and sends
 * what it has to send; a second one ends it at once. SIGTERM is left to the system, as by the CLI.
 */
export function runCommandDouble(script: CommandScript, env: Environment): Promise<number> {
  return new CommandRun(script, env).run();
}

class CommandRun {
  readonly #script: CommandScript;
  readonly #logs: LogExporter;
  readonly #spans: SpanExporter | undefined;
  readonly #interruption = new AbortController();
  readonly #trace = randomBytes(16).toString("hex");
  /** What `report` keeps until the end. */
  readonly #report: string[] = [];

  constructor(script: CommandScript, env: Environment) {
    this.#script = script;
    this.#logs = new LogExporter(env);
    const target = exportTargetOf(env);
    this.#spans = target && new SpanExporter(target);
  }

  async run(): Promise<number> {
    process.on("SIGINT", () => {
      if (this.#script.deaf) return;
      if (this.#interruption.signal.aborted) process.exit(130);
      this.#interruption.abort();
    });
    for (const line of this.#script.says) process.stderr.write(`${line}\n`);
    const exitCode = await this.#steps();
    await Promise.all([this.#logs.flush(), this.#spans?.flush()]);
    for (const line of this.#report) process.stderr.write(`${line}\n`);
    return exitCode;
  }

  async #steps(): Promise<number> {
    for (const [index, step] of this.#script.steps.entries()) {
      const startMs = Date.now();
      const wasInterrupted = await this.#step(index + 1, step);
      const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
      const failed = wasInterrupted || step.exitCode !== 0;
      this.#export(step, startMs, failed);
      if (wasInterrupted) {
        this.#say(`✘ ${step.name} ${seconds}s CANCELED`);
        this.#say("Error: context canceled");
        return FAILED;
      }
      this.#say(`${failed ? "✘" : "✔"} ${step.name} ${seconds}s${failed ? " ERROR" : ""}`);
      if (failed) {
        this.#say(`Error: exit code: ${step.exitCode}`);
        return step.exitCode;
      }
    }
    if (this.#script.error === "") return 0;
    this.#say(`Error: ${this.#script.error}`);
    return FAILED;
  }

  /** Returns whether it was interrupted. */
  async #step(number: number, { prints, everyMs, hangs }: Step): Promise<boolean> {
    for (const line of prints) {
      if (await this.#interrupted(everyMs)) return true;
      this.#logs.add(line);
      this.#say(`${number}   : | ${line}`);
    }
    return hangs && (await this.#interrupted(undefined));
  }

  /** Waits for a time, or for ever. */
  async #interrupted(forMs: number | undefined): Promise<boolean> {
    const { signal } = this.#interruption;
    do {
      await sleep(forMs ?? 60_000, undefined, { signal }).catch(() => undefined);
    } while (forMs === undefined && !signal.aborted);
    return signal.aborted;
  }

  #say(line: string): void {
    if (this.#script.format === "plain") process.stderr.write(`${line}\n`);
    else this.#report.push(line);
  }

  #export({ name }: Step, startMs: number, failed: boolean): void {
    this.#spans?.add({
      scope: "dagger.io/core",
      name,
      trace: this.#trace,
      id: randomBytes(8).toString("hex"),
      parent: "",
      startNs: `${startMs}000000`,
      endNs: `${Date.now()}000000`,
      status: failed ? "error" : "ok",
      message: "",
      attributes: {},
    });
  }
}
