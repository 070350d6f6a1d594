/** One line of a log, with its role in the log. */

/** The result of a step. */
export type StepState = "passed" | "failed";

/** A line of a log, with its step and its role. */
export interface LogLine {
  /** The step of this line. Undefined for a line outside all steps. */
  readonly step: string | undefined;
  /**
   * The role of the line. `"log"`: output of the step. `"failed"`: the reason why the step failed. `"title"`:
   * the name or the state of the step. `"other"`: anything else.
   */
  readonly kind: "log" | "failed" | "title" | "other";
  /** The text of the line without the front end's prefix. */
  readonly text: string;
  readonly state?: StepState | undefined;
}
