/** Starts to receive the spans of a CLI that will be started with some environment. */

import { collectorOf, type Environment, engineEnvironment } from "./environment.js";
import { startTraceReceiver, type TraceReceiver } from "./receiver/receiver.js";

/** Where the spans of a CLI come in, or why they do not. */
export type EngineTraces =
  | {
      readonly receiver: TraceReceiver;
      /** What to add to the environment of the CLI, and of it alone. */
      readonly variables: Readonly<Record<string, string>>;
      /** Whether the user has a collector that bodies are passed on to. */
      readonly hasCollector: boolean;
    }
  | {
      readonly receiver: undefined;
      /** The code of a warning that says so. */
      readonly offCode: "traces-left-alone" | "traces-not-read";
      /** Names variables, never their values. */
      readonly offReason: string;
    };

/**
 * Starts a receiver for the environment that a CLI would have without us. Never rejects: what stands
 * in the way is told, and the CLI runs without a witness.
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
    const code = String((error as { code?: unknown }).code ?? "unknown reason");
    const offReason = `no port of this machine can be listened on (${code})`;
    return { receiver: undefined, offCode: "traces-not-read", offReason };
  }
}
