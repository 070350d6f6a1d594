/** Defines when, how often and after which delays a body is sent again to the user's collector. */

/**
 * The limits of one body: five attempts of at most 10 s each. When the collector rejects at once, all
 * attempts take about 4 s on average.
 */
export const PATIENCE = {
  tryTimeoutMs: 10_000,
  maxTries: 5,
  backoff: { initialDelayMs: 500, backoffFactor: 2, maxDelayMs: 5_000, jitter: true },
  random: Math.random,
};

/** Statuses after which OTLP permits sending the same body again. */
export const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The longest wait for a `Retry-After`. During a longer wait the queue would fill up and lose bodies. */
export const MAX_RETRY_AFTER_MS = 30_000;
