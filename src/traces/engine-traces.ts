/** Starts a receiver for the spans of a CLI that will start with a given environment. */

import { codeOf } from "../files/error-code.js";
import { collectorOf, type Environment, engineEnvironment } from "./environment.js";
import { startTraceReceiver, type TraceReceiver } from "./receiver/receiver.js";

/** The receiver of the spans that a CLI sends, or the reason why it is missing. */
export type EngineTraces =
  | {
      readonly receiver: TraceReceiver;
      /** Variables for the environment of the CLI. Set them only there. */
      readonly variables: Readonly<Record<string, string>>;
      /** Whether the user has a collector, to which the receiver forwards everything. */
      readonly hasCollector: boolean;
    }
  | {
      readonly receiver: undefined;
      /** The code of the warning to give with this reason. */
      readonly offCode: "traces-left-alone" | "traces-not-read";
      /** The reason. It contains names of variables, never their values. */
      readonly offReason: string;
    };

/**
 * Starts a receiver for a CLI that will run in this environment. Never rejects: if the receiver cannot
 * start, the result contains the reason, and the CLI runs without request traces.
 */
export async function startEngineTraces(env: Environment): Promise<EngineTraces> {
  const collector = collectorOf(env);
  if (collector.kind === "left-alone") {
    const offReason = `${collector.reason}, so your collector is left alone`;
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
