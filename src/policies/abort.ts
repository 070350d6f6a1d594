/** Listens to aborts for as long as somebody cares, and no longer. */

type AbortListener = (reason: unknown) => void;

/**
 * Who listens to which signal. A signal is given one listener for all of them: Node takes more than
 * ten on one signal for a leak and warns of it, while many calls under one signal are none.
 */
const audiences = new WeakMap<AbortSignal, Audience>();

/**
 * Calls `listener` once when `signal` is aborted. A signal may live as long as the process, so
 * whoever listens must take the listener off when its wait is over.
 *
 * @returns How to take the listener off.
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
  /** Entries of their own, so that one function may listen twice. */
  readonly #entries = new Set<{ readonly listener: AbortListener }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(listener: AbortListener): () => void {
    const entry = { listener };
    // Adding what is there already does nothing.
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
