/** How often the user's collector is tried. */

/**
 * The bounds on one attempt and on all attempts for a body: about 4 s in all if the collector is
 * down.
 */
export const PATIENCE = {
  tryTimeoutMs: 10_000,
  maxTries: 5,
  backoff: { initialDelayMs: 500, backoffFactor: 2, maxDelayMs: 5_000, jitter: true },
  random: Math.random,
};
