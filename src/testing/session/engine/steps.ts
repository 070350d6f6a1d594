/**
 * Runs each piece of work once. Equal steps at the same time share one run. Results are kept, failures are
 * not.
 */

interface Step {
  readonly result: Promise<unknown>;
  readonly controller: AbortController;
  waiters: number;
  settled: boolean;
}

/** The reason of a step that was aborted because its first caller left. Other callers start it again. */
export class Abandoned extends Error {
  override readonly name = "Abandoned";
}

/** The steps of an engine or of a session. The key of a step is made of its inputs. */
export class Steps {
  readonly #steps = new Map<string, Step>();
  readonly #running = new Set<Promise<unknown>>();

  /**
   * Returns the result of the step `key`: a kept one, that of a run in progress, or a new one.
   *
   * @param signal The caller's signal. When it is aborted, this call rejects with its reason. The work
   * itself is aborted only if no other caller waits. Aborted work starts again for a new caller.
   */
  async join<T>(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const step = this.#steps.get(key) ?? this.#start(key, work);
    step.waiters += 1;
    try {
      return (await unlessAborted(step.result, signal)) as T;
    } catch (error) {
      if (error instanceof Abandoned && !signal.aborted) return await this.join(key, signal, work);
      throw error;
    } finally {
      step.waiters -= 1;
      if (step.waiters === 0 && !step.settled) {
        this.#forget(key, step);
        step.controller.abort(signal.reason);
      }
    }
  }

  /** Forgets all results. Work in progress continues for its callers. */
  clear(): void {
    this.#steps.clear();
  }

  /** Resolves when no work runs, not even work without callers. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #start<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Step {
    const controller = new AbortController();
    const step: Step = {
      result: work(controller.signal).then(
        (value) => {
          step.settled = true;
          return value;
        },
        (error: unknown) => {
          step.settled = true;
          this.#forget(key, step);
          throw error;
        },
      ),
      controller,
      waiters: 0,
      settled: false,
    };
    const ended = () => this.#running.delete(step.result);
    step.result.then(ended, ended);
    this.#running.add(step.result);
    this.#steps.set(key, step);
    return step;
  }

  #forget(key: string, step: Step): void {
    if (this.#steps.get(key) === step) this.#steps.delete(key);
  }
}

/** Waits for a promise. Rejects with the signal's reason as soon as the signal is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Waits `ms`. Rejects with the signal's reason once the signal is aborted. It does not keep the process
 * alive.
 */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  return unlessAborted(waited, signal).finally(() => clearTimeout(timer));
}

/** Waits until the signal is aborted, then rejects with its reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return unlessAborted(new Promise<never>(() => undefined), signal);
}
