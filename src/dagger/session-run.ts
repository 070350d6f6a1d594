/** Runs a callback in a session that the SDK opens: in time, with true errors, again when lost. */

import { classifyFailure } from "../attribution/classify-failure.js";
import type { Permit } from "../breaker/permit.js";
import type { Guard } from "../guard/guard.js";
import { GuardedSession } from "../guard/guarded-session.js";
import { settleEngineByError } from "../guard/settling.js";
import { TimeoutError } from "../policies/timeout.js";
import { CliWatch } from "./cli-watch.js";
import { type ConnectSettings, mayRunAgain } from "./connect-options.js";

/** Opens a session through the SDK and calls `run` with what is to be done in it. */
export type Opener<T> = (
  run: (body: () => Promise<T>) => Promise<void>,
  session: GuardedSession,
) => Promise<void>;

/** How a callback ended. */
type Ending<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/**
 * Opens a session and runs a body in it; opening is one call of the engine. A body whose session is
 * lost is run again on a new one where the settings allow it.
 */
export async function runInSession<T>(
  owner: Guard,
  settings: ConnectSettings,
  open: Opener<T>,
): Promise<T> {
  // A session in the environment is taken on trust: that it opens proves nothing of the engine, and
  // a new one cannot be had.
  const inherited = Boolean(process.env.DAGGER_SESSION_PORT);
  for (let reruns = 0; ; reruns += 1) {
    const session = new GuardedSession(owner);
    const [permit] = (await owner.admit([owner.engine])) as readonly [Permit];
    const ending = inherited
      ? await runInherited<T>(permit, (run) => open(run, session))
      : await runInNew<T>(permit, settings.connectTimeoutMs, (run) => open(run, session));
    if (ending.ok) return ending.value;
    const again =
      !inherited &&
      settings.onSessionLost === "rerun" &&
      reruns < settings.maxReruns &&
      session.lost !== undefined &&
      mayRunAgain(session.sideEffects, settings);
    if (!again) throw ending.error;
  }
}

type Open<T> = (run: (body: () => Promise<T>) => Promise<void>) => Promise<void>;

async function runInherited<T>(permit: Permit, open: Open<T>): Promise<Ending<T>> {
  const endings: Ending<T>[] = [];
  permit.release();
  await open(async (body) => {
    endings.push(await endingOf(body));
  });
  return endingFrom(endings);
}

async function runInNew<T>(
  permit: Permit,
  timeoutMs: number | undefined,
  open: Open<T>,
): Promise<Ending<T>> {
  const watch = new CliWatch();
  const endings: Ending<T>[] = [];
  const late = new Deadline(timeoutMs);
  const opening = watch.run(() =>
    open(async (body) => {
      if (late.passed) return;
      late.clear();
      watch.end();
      permit.success();
      endings.push(await endingOf(body));
    }),
  );
  try {
    await Promise.race([opening, late.promise]);
  } catch (error) {
    if (late.passed) await giveUp(opening, watch);
    const cause = late.passed ? error : ((await watch.error()) ?? error);
    // Does nothing when the session was opened, and what failed is its end.
    if (late.passed) permit.failure(cause);
    else settleEngineByError(permit, classifyFailure(cause, { operation: "connect" }), cause);
    throw cause;
  } finally {
    late.clear();
    if (!late.passed) watch.end();
  }
  return endingFrom(endings);
}

/** Ends the CLI that does not open a session, and hears what it says to that, which nobody wants. */
async function giveUp(opening: Promise<void>, watch: CliWatch): Promise<void> {
  const over = opening
    .catch(() => {})
    .then(() => watch.error())
    .finally(() => watch.end());
  if (watch.kill()) await over;
}

/** A time that may pass before a session is open. */
class Deadline {
  /** Rejects with a {@link TimeoutError} when the time has passed; else it never settles. */
  readonly promise: Promise<never>;
  #timer: NodeJS.Timeout | undefined;
  #passed = false;

  constructor(timeoutMs: number | undefined) {
    this.promise = new Promise((_resolve, reject) => {
      if (timeoutMs === undefined) return;
      this.#timer = setTimeout(() => {
        this.#passed = true;
        reject(new TimeoutError(timeoutMs));
      }, timeoutMs);
    });
  }

  get passed(): boolean {
    return this.#passed;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** Runs a callback without letting its error pass through the SDK, which would wrap it. */
async function endingOf<T>(body: () => Promise<T>): Promise<Ending<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (error) {
    return { ok: false, error };
  }
}

function endingFrom<T>([ending]: readonly Ending<T>[]): Ending<T> {
  const error = new Error("the Dagger SDK opened no session and did not say why");
  return ending ?? { ok: false, error };
}
