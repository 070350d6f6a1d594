/** Collects the problems that make a run or its report incomplete, without duplicates. */

import { UNKNOWN } from "../../attribution/rules/fallback.js";
import type { RunFailure } from "../attempt/run-failure.js";
import type { AttemptEnd } from "../attempt/supervised-command.js";
import type { Note } from "./run-report.js";

export class RunNotes {
  readonly #notes: Note[] = [];

  get all(): readonly Note[] {
    return this.#notes;
  }

  add(code: string, text: string): void {
    if (!this.#notes.some((note) => note.code === code && note.text === text)) {
      this.#notes.push({ code, text });
    }
  }

  /**
   * Adds notes if output went to a terminal. Output to a terminal is not read, so causes may be
   * unknown and limits may not be enforced.
   */
  addUnread({ isUnread, isUnwatched }: AttemptEnd, failure: RunFailure | null): void {
    if (isUnread && failure?.rule === UNKNOWN.name) {
      this.add("output-not-read", "The output went to a terminal, so it was not read.");
    }
    if (isUnwatched) {
      this.add(
        "limits-not-kept",
        "The output went to a terminal and traces are off, so only --timeout was enforced.",
      );
    }
  }

  /**
   * Adds a note if the idle limit ended a program that may have run `dagger` without any output.
   */
  addUnheard({ timedOut, connected }: AttemptEnd): void {
    if (timedOut !== "idle" || connected) return;
    this.add(
      "steps-not-heard",
      "A dagger inside a shell or a Makefile may print nothing until its end. Use --traces all, so that --idle-timeout sees its steps.",
    );
  }
}
