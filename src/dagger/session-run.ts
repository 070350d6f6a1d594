/** Runs a callback in a session. If the session is lost, the callback may run again in a new session. */

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

/** The longest wait in milliseconds for the store at the end. A healthy store needs a few milliseconds. */
const TELL_WITHIN_MS = 100;

/** A function that opens a session. Then it calls `run` with a function that calls the user's callback. */
export type SessionOpener<T> = (
  run: (body: () => Promise<T>) => Promise<void>,
  state: SessionState,
) => Promise<void>;

/**
 * Opens a session and runs a callback in it. If the session is lost and the settings permit a rerun, the
 * callback runs again in a new session.
 *
 * @param workdir The working folder of the session's CLI. Undefined: that of this process.
 */
export async function runInSession<T>(
  owner: Guard,
  settings: ConnectSettings,
  open: SessionOpener<T>,
  workdir?: string,
): Promise<T> {
  // Whether a parent process opened the session. Then connecting proves nothing about the engine, and a
  // lost session cannot be replaced.
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
 * Reports the outcomes of this process to the store, because the process may end right after. If the store
 * does not answer in time, the caller continues. Only the end of the process then waits for the store.
 */
async function tellOthers(fleet: Fleet): Promise<void> {
  const holdProcess = setInterval(() => {}, 1000);
  const told = fleet.flush().finally(() => clearInterval(holdProcess));
  await Promise.race([told, sleep(TELL_WITHIN_MS, undefined, { ref: false })]);
}

/**
 * Starts to read traces if the settings ask for them and the session permits it. A session from the
 * environment does not permit it, because its CLI sends its traces elsewhere. By default, traces are read
 * if circuits are shared. The reason: on engines with lock files, only a span proves that a probe has
 * reached the registry.
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
      "another program opened the session in the environment and receives its traces",
    );
  }
  return undefined;
}

/** The facts that all sessions of one call share, including the sessions of reruns. */
interface Sessions {
  readonly inherited: boolean;
  readonly tracing: SessionTracing | undefined;
  readonly workdir: string | undefined;
}

async function runUntilDone<T>(
  owner: Guard,
  settings: ConnectSettings,
  open: SessionOpener<T>,
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
