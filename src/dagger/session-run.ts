/** Runs a callback in a session that the SDK opens, and again on a new one if that is lost. */

import { setTimeout as sleep } from "node:timers/promises";
import type { CallPermit } from "../breaker/calls/permit.js";
import type { Fleet } from "../fleet/client/fleet.js";
import type { Guard } from "../guard/guard.js";
import { SessionState } from "../guard/session-state.js";
import { warnOnce } from "../options/warn-once.js";
import { collectorOf } from "../traces/environment.js";
import { CliWatch } from "./cli-watch.js";
import { type ConnectSettings, mayRunAgain } from "./connect-options.js";
import { Limits, type Open, runInherited, runInNew } from "./session-opening.js";
import { SessionTracing, traceSession } from "./session-tracing.js";
import { isProxied } from "./step-aside.js";

/** The longest wait of a caller for the store; a healthy one needs a few milliseconds. */
const TELL_WITHIN_MS = 100;

/** Opens a session through the SDK and calls `run` with a function to run the callback in it. */
export type Opener<T> = (
  run: (body: () => Promise<T>) => Promise<void>,
  state: SessionState,
) => Promise<void>;

/**
 * Opens a session and runs a callback in it; opening is one call of the engine. A callback whose
 * session is lost runs again on a new one if the settings permit it.
 *
 * @param workdir The working folder of its CLI, if one is set.
 */
export async function runInSession<T>(
  owner: Guard,
  settings: ConnectSettings,
  open: Opener<T>,
  workdir?: string,
): Promise<T> {
  // A session in the environment is accepted as it is: its opening proves nothing about the engine,
  // and it cannot be replaced.
  const inherited = Boolean(process.env.DAGGER_SESSION_PORT);
  const { fleet } = owner.settings;
  const tracing = isProxied()
    ? undefined
    : await startTracing(settings.traces, inherited, fleet !== undefined);
  await fleet?.open();
  try {
    return await runUntilDone(owner, settings, open, {
      inherited,
      tracing,
      workdir: inherited ? undefined : workdir,
    });
  } finally {
    tracing?.close();
    if (fleet !== undefined) await tellOthers(fleet);
  }
}

/**
 * Reports this process's outcomes to the store, because the process may end right after. A store
 * that does not answer delays the end of the process, but not the caller.
 */
async function tellOthers(fleet: Fleet): Promise<void> {
  const holdProcess = setInterval(() => {}, 1000);
  const told = fleet.flush().finally(() => clearInterval(holdProcess));
  await Promise.race([told, sleep(TELL_WITHIN_MS, undefined, { ref: false })]);
}

/**
 * Starts to read traces. A CLI started elsewhere does not send its traces here. Without an option,
 * traces are read if circuits are shared. A process that joins an outage has seen no failure, so on
 * engines with lock files only an exchange proves that its probe has reached the registry.
 */
async function startTracing(
  wanted: boolean | undefined,
  inherited: boolean,
  shares: boolean,
): Promise<SessionTracing | undefined> {
  if (wanted === undefined) {
    const reads = shares && !inherited && collectorOf(process.env).kind === "none";
    return reads ? SessionTracing.start(process.env) : undefined;
  }
  if (wanted && !inherited) return SessionTracing.start(process.env);
  if (wanted) {
    warnOnce(
      "traces-not-read",
      "the session is in the environment: its CLI sends its traces elsewhere",
    );
  }
  return undefined;
}

/** The common data of one run's sessions. */
interface Sessions {
  readonly inherited: boolean;
  readonly tracing: SessionTracing | undefined;
  readonly workdir: string | undefined;
}

async function runUntilDone<T>(
  owner: Guard,
  settings: ConnectSettings,
  open: Opener<T>,
  { inherited, tracing, workdir }: Sessions,
): Promise<T> {
  const { signal } = owner.settings;
  for (let reruns = 0; ; reruns += 1) {
    signal?.throwIfAborted();
    const state = new SessionState(undefined, workdir);
    if (tracing !== undefined) traceSession(state, tracing);
    const [permit] = (await owner.admit([owner.engine], signal)) as readonly [CallPermit];
    const opener: Open<T> = (run) =>
      open(
        (body) =>
          run(body)
            .finally(() => state.answered())
            .finally(() => state.end()),
        state,
      );
    const ending = inherited
      ? await runInherited(permit, opener)
      : await runInNew(
          permit,
          new Limits(settings.connectTimeoutMs, signal),
          opener,
          newWatch(tracing),
        );
    if (ending.ok) return ending.value;
    const again =
      !inherited &&
      settings.onSessionLost === "rerun" &&
      reruns < settings.maxReruns &&
      state.lost !== undefined &&
      mayRunAgain(state.sideEffects, settings);
    if (!again) throw ending.error;
  }
}

function newWatch(tracing: SessionTracing | undefined): CliWatch {
  const watch = new CliWatch(tracing?.variables);
  tracing?.hears(() => watch.gone());
  return watch;
}
