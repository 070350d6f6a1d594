/** Listens to abort signals, and removes each listener when it is no longer needed. */

type AbortListener = (reason: unknown) => void;

/**
 * The listeners of this package on each signal. They share one real listener, because Node warns of a leak
 * if a signal has more than ten. Many calls with one signal are not a leak.
 */
const audiences = new WeakMap<AbortSignal, Audience>();

/**
 * Calls `listener` once when `signal` is aborted. A signal may live as long as the process, so remove the
 * listener when the wait ends.
 *
 * @returns A function that removes the listener.
 */
export function onAbort(signal: AbortSignal | undefined, listener: AbortListener): () => void {
  if (signal === undefined) return () => undefined;
  let audience = audiences.get(signal);
  if (audience === undefined) {
    audience = new Audience(signal);
    audiences.set(signal, audience);
  }
  return audience.add(listener);
}

class Audience {
  readonly #signal: AbortSignal;
  /** One entry for each call of `add`, so that the same function can be added twice. */
  readonly #entries = new Set<{ readonly listener: AbortListener }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(listener: AbortListener): () => void {
    const entry = { listener };
    // Adding the same listener again has no effect.
    this.#signal.addEventListener("abort", this.#hear);
    this.#entries.add(entry);
    return () => {
      if (!this.#entries.delete(entry) || this.#entries.size > 0) return;
      this.#signal.removeEventListener("abort", this.#hear);
    };
  }

  readonly #hear = (): void => {
    this.#signal.removeEventListener("abort", this.#hear);
    for (const entry of this.#entries) {
      this.#entries.delete(entry);
      entry.listener(this.#signal.reason);
    }
  };
}
