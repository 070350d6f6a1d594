/** Renders the progress between attempts as lines of a log. */

import type { RunProgress } from "../../runner/report/run-progress.js";
import { durationText, waitText } from "../time-words.js";
import { attemptCause } from "./words.js";

/**
 * Renders one event as a line, without a line break at its end.
 *
 * @param nowMs The time of day, as from `Date.now()`.
 */
export function progressLine(progress: RunProgress, nowMs: number): string {
  return `dagger-breaker: ${progressText(progress, nowMs)}`;
}

function progressText(progress: RunProgress, nowMs: number): string {
  if (progress.kind === "retrying") {
    const { attempt, number, of, delayMs } = progress;
    return `attempt ${number} of ${of} failed (${attemptCause(attempt)}); ${nextText(delayMs)}`;
  }
  const { kind, circuit, leftMs } = progress;
  const what = circuit === null ? "for the next attempt" : `for circuit ${circuit}`;
  if (kind === "still-waiting") return `still waiting ${what}, ${durationText(leftMs)} left`;
  const until = new Date(nowMs + leftMs).toISOString();
  return `waiting ${what} until ${until} (${waitText(leftMs)})`;
}

function nextText(delayMs: number | null): string {
  if (delayMs === null) return "retrying once the circuit admits it";
  return delayMs < 1 ? "retrying now" : `retrying in ${waitText(delayMs)}`;
}
