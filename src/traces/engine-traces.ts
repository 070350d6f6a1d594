/** Starts a receiver for the spans of a CLI that will start with a given environment. */

import { codeOf } from "../files/error-code.js";
import { collectorOf, type Environment, engineEnvironment } from "./environment.js";
import { startTraceReceiver, type TraceReceiver } from "./receiver/receiver.js";

/** The receiver of a CLI's spans, or the reason why it is missing. */
export type EngineTraces =
  | {
      readonly receiver: TraceReceiver;
      /** Variables to add to the environment of the CLI only. */
      readonly variables: Readonly<Record<string, string>>;
      /** Whether the user has a collector that receives the bodies as well. */
      readonly hasCollector: boolean;
    }
  | {
      readonly receiver: undefined;
      /** The code of a warning with this reason. */
      readonly offCode: "traces-left-alone" | "traces-not-read";
      /** Names variables, never their values. */
      readonly offReason: string;
    };

/**
 * Starts a receiver for the environment that the CLI would have without us. Never rejects: on an
 * obstacle it returns the reason, and the CLI runs without request traces.
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
    const offReason = `no port of this machine can be listened on (${code})`;
    return { receiver: undefined, offCode: "traces-not-read", offReason };
  }
}
