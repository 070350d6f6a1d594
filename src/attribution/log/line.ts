/** One line of a log, in the meaning of the front end that printed it. */

/** The end of a step, if its line shows it. */
export type StepState = "passed" | "failed";

/** A line of a log with its role. */
export interface LogLine {
  /** The step of this line; undefined outside all steps. */
  readonly step: string | undefined;
  /**
   * `"log"`: output of the step; `"failed"`: the reason of its failure; `"title"`: its name or
   * state.
   */
  readonly kind: "log" | "failed" | "title" | "other";
  /** The line without its prefix. */
  readonly text: string;
  readonly state?: StepState | undefined;
}
