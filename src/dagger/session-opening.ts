/**
 * Opens a session through the SDK and runs a callback in it. A timeout limits the opening. If the opening
 * fails, the caller gets the true error.
 */

import { classifyFailure } from "../attribution/classify/classify-failure.js";
import type { CallPermit } from "../breaker/calls/permit.js";
import { SESSION_TOO_LATE } from "../guard/judgement/engine-fault.js";
import { settleConnect } from "../guard/judgement/settle.js";
import { isTimeoutError, TimeoutError } from "../policies/timeout.js";
import type { CliWatch } from "./cli-watch.js";
import { openingErrorOf } from "./step-aside.js";

/** The result of a callback: its value or its error. */
export type CallbackEnding<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** A function that opens a session. Then it calls `run` with a function that calls the user's callback. */
export type Open<T> = (run: (body: () => Promise<T>) => Promise<void>) => Promise<void>;

/**
 * Runs the callback in a session from the environment. The engine's permit is released, because opening
 * such a session proves nothing about the engine.
 */
export async function runInherited<T>(
  permit: CallPermit,
  open: Open<T>,
): Promise<CallbackEnding<T>> {
  const endings: CallbackEnding<T>[] = [];
  permit.release();
  try {
    await open(async (body) => {
      endings.push(await endingOf(body));
    });
  } catch (error) {
    if (endings.length === 0) throw error;
  }
  return endingFrom(endings);
}

/**
 * Opens a session and runs the callback in it. The result of the opening settles the permit of the engine's
 * breaker.
 */
export async function runInNew<T>(
  permit: CallPermit,
  limits: Limits,
  open: Open<T>,
  watch: CliWatch,
): Promise<CallbackEnding<T>> {
  const endings: CallbackEnding<T>[] = [];
  const opening = watch.run(() =>
    open(async (body) => {
      if (limits.passed) return;
      limits.clear();
      watch.opened();
      settleConnect(permit, { opened: true });
      endings.push(await endingOf(body));
    }),
  );
  try {
    await Promise.race([opening, limits.promise]);
  } catch (error) {
    // The callback has ended, and only closing the session failed. Return the result of the callback.
    if (endings.length > 0) return endingFrom(endings);
    limits.clear();
    const cause = limits.passed ? error : ((await watch.error()) ?? error);
    // Do not wait for the CLI: it may take seconds to end.
    watch.kill();
    settleOpening(permit, cause, limits);
    throw openingErrorOf(cause);
  } finally {
    limits.clear();
    // Keep watching until the SDK gives up. If it is still downloading the CLI, the CLI starts later and
    // must be ended then.
    opening.catch(() => {}).finally(() => watch.end());
  }
  return endingFrom(endings);
}

/** Settles the engine's permit after a session failed to open. */
function settleOpening(permit: CallPermit, cause: unknown, { aborted }: Limits): void {
  if (aborted) settleConnect(permit, {});
  else {
    const isLate = isTimeoutError(cause);
    const failure = isLate ? SESSION_TOO_LATE : classifyFailure(cause, { operation: "connect" });
    settleConnect(permit, { failure, error: cause });
  }
}

/** Limits the time for opening a session, by a timeout and by the guard's signal. */
export class Limits {
  /**
   * Rejects with a {@link TimeoutError} or with the signal's reason. Stays pending if no limit is reached.
   */
  readonly promise: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #abort = (): void => {};
  #passed = false;

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.promise = new Promise((_resolve, reject) => {
      const end = (reason: unknown) => {
        this.#passed = true;
        reject(reason);
      };
      this.#abort = () => end(signal?.reason);
      signal?.addEventListener("abort", this.#abort);
      if (timeoutMs === undefined) return;
      this.#timer = setTimeout(() => end(new TimeoutError(timeoutMs)), timeoutMs);
    });
  }

  get passed(): boolean {
    return this.#passed;
  }

  get aborted(): boolean {
    return this.#passed && this.#signal?.aborted === true;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

/** Runs a callback and catches its error. If the error passed through the SDK, the SDK would wrap it. */
async function endingOf<T>(body: () => Promise<T>): Promise<CallbackEnding<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (error) {
    return { ok: false, error };
  }
}

function endingFrom<T>([ending]: readonly CallbackEnding<T>[]): CallbackEnding<T> {
  const error = new Error("the Dagger SDK opened no session and gave no reason");
  return ending ?? { ok: false, error };
}
