/** How often, and how long, forwarding a body to the user's collector is tried. */

/** At most five tries of 10 s each. If the collector refuses at once, they take about 4 s on average. */
export const PATIENCE = {
  tryTimeoutMs: 10_000,
  maxTries: 5,
  backoff: { initialDelayMs: 500, backoffFactor: 2, maxDelayMs: 5_000, jitter: true },
  random: Math.random,
};
