/** How often the collector of the user is tried. */

/** A try, and the tries of one body: about 4 s in all when the collector is down. */
export const PATIENCE = {
  tryTimeoutMs: 10_000,
  maxTries: 5,
  backoff: { initialDelayMs: 500, backoffFactor: 2, maxDelayMs: 5_000, jitter: true },
  random: Math.random,
};
