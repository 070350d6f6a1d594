/** Starts a receiver for the spans of a CLI, before the CLI itself starts. */

import { codeOf } from "../files/error-code.js";
import { collectorOf, type Environment, engineEnvironment } from "./environment.js";
import { startTraceReceiver, type TraceReceiver } from "./receiver/receiver.js";

/** The receiver for the spans of a CLI, or the reason why there is no receiver. */
export type EngineTraces =
  | {
      readonly receiver: TraceReceiver;
      /** Variables to add to the environment of the CLI. Set them for no other process. */
      readonly variables: Readonly<Record<string, string>>;
      /** Whether the user has a collector, to which the receiver forwards every body. */
      readonly hasCollector: boolean;
    }
  | {
      readonly receiver: undefined;
      /** The code of the warning that reports the missing receiver. */
      readonly offCode: "traces-left-alone" | "traces-not-read";
      /** Why there is no receiver. Contains names of variables, but never their values. */
      readonly offReason: string;
    };

/**
 * Starts a receiver for a CLI that will run in this environment. Never rejects: if the receiver cannot
 * start, the result contains the reason, and the CLI runs without request traces.
 */
export async function startEngineTraces(env: Environment): Promise<EngineTraces> {
  const collector = collectorOf(env);
  if (collector.kind === "left-alone") {
    const offReason = `${collector.reason}, so the CLI keeps sending its traces to your collector`;
    return { receiver: undefined, offCode: "traces-left-alone", offReason };
  }
  const forwardTo = collector.kind === "http" ? collector.endpoint : undefined;
  try {
    const receiver = await startTraceReceiver({ forwardTo });
    const { variables } = engineEnvironment(receiver, env);
    return { receiver, variables, hasCollector: forwardTo !== undefined };
  } catch (error) {
    const code = codeOf(error);
    const offReason = `this process cannot listen on a port of this machine (${code})`;
    return { receiver: undefined, offCode: "traces-not-read", offReason };
  }
}
