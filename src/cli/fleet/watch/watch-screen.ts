/** Paints the table of shared circuits on a terminal again and again, in the same place. */

import { cutTo } from "../../plain-text.js";
import { paintFor, printLines, type Terminal } from "../../terminal.js";
import { durationText } from "../../time-words.js";
import { byUrgency, stateOf } from "../circuit.js";
import { quoted } from "../names.js";
import { circuitLines } from "../table.js";
import { count } from "../words.js";
import type { CircuitView } from "./circuit-view.js";
import type { Follower } from "./follow.js";

/**
 * Codes for a terminal. ENTER switches to the alternate screen, and turns off line wrap and the
 * cursor. LEAVE reverses ENTER.
 */
const ENTER = "\u001b[?1049h\u001b[?7l\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?7h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const PAINT_MS = 1000;
const DEFAULT_ROWS = 24;

/**
 * The output of `watch` on a terminal. Paints the table after each change, and every second, so
 * that waits count down.
 */
export class Screen implements Follower {
  readonly #terminal: Terminal;
  readonly #scope: string;
  #view: CircuitView | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost: { readonly message: string; readonly sinceMs: number } | undefined;

  constructor(terminal: Terminal, scope: string) {
    this.#terminal = terminal;
    this.#scope = scope;
  }

  begin(view: CircuitView): void {
    this.#view = view;
    this.#terminal.stdout.write(ENTER);
    this.#paint();
    this.#timer = setInterval(() => this.#paint(), PAINT_MS);
    this.#timer.unref();
  }

  update(): void {
    this.#paint();
  }

  lost(message: string): void {
    this.#lost = { message, sinceMs: performance.now() };
    this.#paint();
  }

  found(): void {
    this.#lost = undefined;
  }

  /** Restores the terminal, and prints the last table on it. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#terminal.stdout.write(LEAVE);
    printLines(this.#terminal, this.#lines());
  }

  #paint(): void {
    const { stdout } = this.#terminal;
    // A slow terminal misses this picture and gets the next one.
    if (stdout.writableNeedDrain) return;
    const room = Math.max(1, (stdout.rows ?? DEFAULT_ROWS) - 1);
    const lines = this.#lines();
    const shown =
      lines.length <= room
        ? lines
        : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more`];
    const picture = shown.map((line) => `${line}${CLEAR_LINE}`).join("\r\n");
    stdout.write(`${HOME}${picture}${CLEAR_BELOW}`);
  }

  #lines(): readonly string[] {
    const entries = [...(this.#view?.entries(performance.now()) ?? [])].sort(byUrgency);
    const paint = paintFor(this.#terminal);
    const columns = this.#terminal.stdout.columns ?? Number.POSITIVE_INFINITY;
    const notClosed = entries.filter(({ snapshot }) => stateOf(snapshot) !== "closed").length;
    const title = `${count(entries.length, "circuit")} in the scope ${quoted(this.#scope)}, ${notClosed} not closed`;
    const lost = this.#lost;
    const lines = [cutTo(columns, title)];
    if (lost !== undefined) {
      const time = durationText(Math.ceil((performance.now() - lost.sinceMs) / 1000) * 1000);
      lines.push(
        paint.red(cutTo(columns, `last known states, no answer for ${time}: ${lost.message}`)),
      );
    }
    return entries.length === 0 ? lines : [...lines, "", ...circuitLines(entries, this.#terminal)];
  }
}
