/** Notes what keeps a run or its report from being whole, each thing once. */

import { UNKNOWN } from "../attribution/rules/fallback.js";
import type { Note, RunFailure } from "./run-report.js";
import type { AttemptEnd } from "./supervised-command.js";

/** The notes of one run. */
export class RunNotes {
  readonly #notes: Note[] = [];

  /** What was noted so far. */
  get all(): readonly Note[] {
    return this.#notes;
  }

  add(code: string, text: string): void {
    if (!this.#notes.some((note) => note.code === code && note.text === text)) {
      this.#notes.push({ code, text });
    }
  }

  /** Notes of an attempt what went to a terminal, where nothing of it is read. */
  addUnread({ isUnread, isUnwatched }: AttemptEnd, failure: RunFailure | null): void {
    if (isUnread && failure?.rule === UNKNOWN.name) {
      this.add("output-not-read", "The output went to a terminal, so its words were not read.");
    }
    if (isUnwatched) {
      this.add(
        "limits-not-kept",
        "Without traces, and with the output on a terminal, only the time-out of the whole was kept.",
      );
    }
  }
}
