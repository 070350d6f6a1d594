/** When, how often and how long forwarding a body to the user's collector is tried again. */

/** At most five tries of 10 s each. If the collector refuses at once, they take about 4 s on average. */
export const PATIENCE = {
  tryTimeoutMs: 10_000,
  maxTries: 5,
  backoff: { initialDelayMs: 500, backoffFactor: 2, maxDelayMs: 5_000, jitter: true },
  random: Math.random,
};

/** Statuses after which OTLP permits to send the same body again. */
export const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The longest wait that a `Retry-After` can cause. Longer, and the queue would be full long before. */
export const MAX_RETRY_AFTER_MS = 30_000;
