/** One line of a log, with its role in the log. */

/** How a step ended. */
export type StepState = "passed" | "failed";

/** A line of a log with its step and its role. */
export interface LogLine {
  /** The step of this line; undefined outside all steps. */
  readonly step: string | undefined;
  /**
   * `"log"`: output of the step; `"failed"`: the reason of its failure; `"title"`: its name or
   * state.
   */
  readonly kind: "log" | "failed" | "title" | "other";
  /** The line without the front end's prefix. */
  readonly text: string;
  readonly state?: StepState | undefined;
}
