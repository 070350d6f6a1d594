/** Notes what keeps a run or its report from being whole, each thing once. */

import { UNKNOWN } from "../../attribution/rules/fallback.js";
import type { AttemptEnd } from "../attempt/supervised-command.js";
import type { Note, RunFailure } from "./run-report.js";

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

  /** Notes that an idle limit has ended a program in which a dagger may have been at work without a word. */
  addUnheard({ timedOut, connected }: AttemptEnd): void {
    if (timedOut !== "idle" || connected) return;
    this.add(
      "steps-not-heard",
      "A dagger inside a shell or a Makefile may print nothing until its end: --traces all lets --idle-timeout hear its steps.",
    );
  }
}
