/** The option `--otlp`, which sends the metrics of a run over OTLP at its end. */

import type { Command } from "commander";
import type { RunRecord } from "../fleet/rules/run-report.js";
import type { Guard } from "../guard/guard.js";
import type { Note } from "../runner/report/run-report.js";
import { addSettings, type Settings, settingsFrom, yesOrNo } from "./settings.js";
import { type StoreFlags, scopeFrom } from "./store-settings.js";
import type { Terminal } from "./terminal.js";

/** The option as parsed by commander. */
export interface OtlpFlags {
  readonly otlp?: boolean;
}

const SETTINGS: Settings<OtlpFlags> = {
  otlp: {
    flags: "--otlp",
    variable: "DAGGER_BREAKER_OTLP",
    description:
      "at the end of the run, send its metrics over OTLP with the settings in OTEL_EXPORTER_OTLP_... variables; takes at most 2s",
    read: yesOrNo,
  },
};

/** The longest time that sending may add to a run. */
const LIMIT_MS = 2000;

export function addOtlpFlag(command: Command): Command {
  return addSettings(command, SETTINGS);
}

/** Returns whether to send metrics. */
export function otlpFrom(given: OtlpFlags, env: Terminal["env"]): boolean {
  const isWanted = settingsFrom(SETTINGS, given, env)("otlp") ?? false;
  return isWanted && env.OTEL_SDK_DISABLED?.trim().toLowerCase() !== "true";
}

/**
 * Sends the metrics of a run. Never rejects, because a run must not fail for its metrics.
 *
 * @param store The options that may contain the scope.
 * @returns A note if the metrics were not sent; otherwise none.
 */
export async function sendMetrics(
  run: RunRecord,
  { settings: { registry } }: Guard,
  store: StoreFlags,
  env: Terminal["env"],
): Promise<readonly Note[]> {
  const ended = { run, registry, scope: scopeFrom(store, env) };
  let timer: NodeJS.Timeout | undefined;
  // This timer keeps the process alive until the reply, because nothing else may do so.
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("no answer in time"), LIMIT_MS);
  });
  const sent = import("./otlp-push.js").then(({ pushRun }) => pushRun(ended, env, LIMIT_MS));
  const problem = await Promise.race([sent, limit]).catch(({ name }: Error) => name);
  clearTimeout(timer);
  if (problem === undefined) return [];
  return [{ code: "metrics-not-sent", text: `The metrics of this run were not sent: ${problem}.` }];
}
