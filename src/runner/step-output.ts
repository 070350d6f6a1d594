/**
 * Receives the logs of pipeline steps, which show that a command works even if it prints nothing.
 */

import { codeOf } from "../files/error-code.js";
import { type Environment, logCollectorOf, logEnvironment } from "../traces/environment.js";
import { startLogReceiver } from "../traces/logs/log-receiver.js";

/**
 * The OpenTelemetry scope of the output of steps. Other scopes do not count, because their logs
 * also arrive while no step works.
 */
const STEP_SCOPE = "dagger.io/engine.buildkit";

const HURRIED_CLOSE_MS = 250;

/** The logs of one command. */
export interface StepOutput {
  /** Variables to add to the environment of the command; empty if its logs are not received. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * The reason why logs are not received; undefined if logs are received. Contains names of
   * variables, never their values.
   */
  readonly offReason: string | undefined;
  /**
   * Calls the listener when a step has printed something. Returns a function that removes the
   * listener.
   */
  onOutput(listener: () => void): () => void;
  /**
   * Closes the receiver. Never rejects.
   *
   * @param isHurried Whether this process may be killed soon. If true, logs that are not yet passed
   * on are dropped.
   */
  close(isHurried?: boolean): Promise<void>;
}

/**
 * Starts to receive the logs of a command. They show progress where the output does not: without a
 * terminal, Dagger 1.0 prints only at its end.
 *
 * @param env The environment of the command, before this package adds variables.
 */
export async function hearStepOutput(env: Environment): Promise<StepOutput> {
  const collector = logCollectorOf(env);
  if (collector.kind === "left-alone") return unheard(`${collector.reason}`);
  try {
    const forwardTo = collector.kind === "http" ? collector.endpoint : undefined;
    const receiver = await startLogReceiver(forwardTo);
    return {
      variables: logEnvironment(receiver),
      offReason: undefined,
      onOutput: (listener) =>
        receiver.onRecords((records) => {
          if (records.has(STEP_SCOPE)) listener();
        }),
      close: (isHurried = false) => receiver.close(isHurried ? HURRIED_CLOSE_MS : undefined),
    };
  } catch (error) {
    const code = codeOf(error);
    return unheard(`this process cannot listen on a port of this machine (${code})`);
  }
}

function unheard(offReason: string): StepOutput {
  return {
    variables: {},
    offReason,
    onOutput: () => () => undefined,
    close: async () => undefined,
  };
}
