/** One line of a log, as the front end that printed it means it. */

/** How a step ended, where its line tells. */
export type StepState = "passed" | "failed";

/** What a line of a log is. */
export interface LogLine {
  /** The step it belongs to; undefined when it stands outside of all steps. */
  readonly step: string | undefined;
  /** `"log"`: printed by the step; `"failed"`: why it failed; `"title"`: its name or state. */
  readonly kind: "log" | "failed" | "title" | "other";
  /** The line without its prefix. */
  readonly text: string;
  readonly state?: StepState | undefined;
}
