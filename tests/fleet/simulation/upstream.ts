/** Simulates a registry's answers to pulls, and the engine's own retries. */

/** The registry's answer to a pull. */
export type Answer = "served" | "refused" | "unavailable" | "limited" | "unreachable";

/** How many requests of the engine reach the upstream for one pull. */
export const REQUESTS: Readonly<Record<Answer, number>> = {
  served: 1,
  refused: 1,
  // Engines v0.19.11 and v0.21.8 were seen to retry a 503 once and a 429 five times.
  unavailable: 2,
  limited: 6,
  // The network of the runner is broken, so no request reaches the upstream.
  unreachable: 0,
};

/** How many seconds a failed pull takes. A successful pull has a duration of its own. */
const FAILED_AFTER_MS = { refused: 5, unavailable: 120, limited: 10, unreachable: 5 } as const;

/** Returns how long a pull takes. */
export function durationMs(answer: Answer, servedMs: number): number {
  return answer === "served" ? servedMs : FAILED_AFTER_MS[answer];
}

/** A period in which the upstream serves only some of the pulls. */
export interface Trouble {
  readonly fromMs: number;
  readonly untilMs: number;
  /** The share of pulls that fail, from 0 to 1. */
  readonly failingShare: number;
  readonly answer: Exclude<Answer, "served" | "unreachable">;
}

/**
 * Returns the registry's answer to a pull.
 *
 * @param luck A random number from 0 to 1 for this pull.
 */
export function answerOf(trouble: Trouble | undefined, atMs: number, luck: number): Answer {
  if (trouble === undefined || atMs < trouble.fromMs || atMs >= trouble.untilMs) return "served";
  return luck < trouble.failingShare ? trouble.answer : "served";
}
