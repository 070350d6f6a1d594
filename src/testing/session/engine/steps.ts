/** Work done once: equal steps at once share one run, finished ones are remembered, failed ones not. */

interface Step {
  readonly result: Promise<unknown>;
  readonly controller: AbortController;
  waiters: number;
  settled: boolean;
}

/** Why a step ended without a result: the request that began it is gone, and not the others' fault. */
export class Abandoned extends Error {
  override readonly name = "Abandoned";
}

/** The steps of an engine or of a session, by the content of their inputs. */
export class Steps {
  readonly #steps = new Map<string, Step>();
  readonly #running = new Set<Promise<unknown>>();

  /**
   * The result of the step `key`: remembered, awaited with others, or worked out now.
   *
   * @param signal The caller's; when it is aborted this call rejects with its reason, and the work
   * itself is aborted when nobody else waits for it. Work that was abandoned begins anew.
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

  /** Forgets all that is finished; running work goes on for those who wait for it. */
  clear(): void {
    this.#steps.clear();
  }

  /** Settles when no work runs any more, wanted or not. Never rejects. */
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

/** Waits for `promise`, or rejects with the reason of `signal` as soon as that is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Waits `ms`, or until the signal is aborted: then rejects with its reason. Holds no process. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  return unlessAborted(waited, signal).finally(() => clearTimeout(timer));
}

/** Waits until the signal is aborted: then rejects with its reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return unlessAborted(new Promise<never>(() => undefined), signal);
}
