/** A registry's answers to a pull, and the engine's own retries. */

/** The result of one pull. */
export type Answer = "served" | "refused" | "unavailable" | "limited" | "unreachable";

/** Number of engine requests that reach the upstream for one pull. */
export const REQUESTS: Readonly<Record<Answer, number>> = {
  served: 1,
  refused: 1,
  // Recorded on engines v0.19.11 and v0.21.8: a 503 is retried once, a 429 five times.
  unavailable: 2,
  limited: 6,
  // The network of the runner itself is broken, so no request leaves it.
  unreachable: 0,
};

/** The duration of a failed pull; a successful one has its own. */
const FAILED_AFTER_MS = { refused: 5, unavailable: 120, limited: 10, unreachable: 5 } as const;

/** Returns the time from the call to its outcome. */
export function durationMs(answer: Answer, servedMs: number): number {
  return answer === "served" ? servedMs : FAILED_AFTER_MS[answer];
}

/** A period in which the upstream serves only some of the pulls. */
export interface Trouble {
  readonly fromMs: number;
  readonly untilMs: number;
  /** From 0 to 1. */
  readonly failingShare: number;
  readonly answer: Exclude<Answer, "served" | "unreachable">;
}

/** @param luck From 0 to 1, drawn for this pull. */
export function answerOf(trouble: Trouble | undefined, atMs: number, luck: number): Answer {
  if (trouble === undefined || atMs < trouble.fromMs || atMs >= trouble.untilMs) return "served";
  return luck < trouble.failingShare ? trouble.answer : "served";
}
