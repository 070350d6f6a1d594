/** Shows that the steps of a command are at work where the command itself prints nothing meanwhile. */

import { codeOf } from "../files/error-code.js";
import { type Environment, logCollectorOf, logEnvironment } from "../traces/environment.js";
import { startLogReceiver } from "../traces/logs/log-receiver.js";

/** Where the output of steps is exported from. All else comes also when nothing is at work. */
const STEP_SCOPE = "dagger.io/engine.buildkit";

const HURRIED_CLOSE_MS = 250;

/** The logs of one command. */
export interface StepOutput {
  /** What to add to the environment of the command; empty when its logs are not heard. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why they are not heard; undefined when they are. Names variables, never their values. */
  readonly offReason: string | undefined;
  /** Calls the listener when a step has printed something. Returns how to stop. */
  onOutput(listener: () => void): () => void;
  /**
   * Ends it. Never rejects.
   *
   * @param isHurried Whether we may be killed soon, so that what has not been passed on is given up.
   */
  close(isHurried?: boolean): Promise<void>;
}

/**
 * Starts to hear the logs of a command: Dagger 1.0 without a terminal prints only at its end.
 *
 * @param env The environment that the command would have without us.
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
    return unheard(`no port of this machine can be listened on (${code})`);
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
