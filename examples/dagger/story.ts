/**
 * Prints the events of a run as they happen, as text or as JSON lines. Checks that the run goes as
 * expected.
 */

import { type CircuitBreaker, logTo } from "dagger-circuit-breaker";

type Mood = "plain" | "good" | "bad" | "note" | "title";

const COLOURS: Readonly<Record<Mood, string>> = {
  plain: "",
  good: "\u001b[32m",
  bad: "\u001b[31m",
  note: "\u001b[36m",
  title: "\u001b[1m",
};

/** Prints and checks one run of the example. */
export class Story {
  readonly #json: boolean;
  readonly #colours: boolean;
  readonly #beganMs = performance.now();
  readonly #broken: string[] = [];

  /** @param json Whether to print one JSON object per line instead of text. */
  constructor(json: boolean) {
    this.#json = json;
    this.#colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  }

  chapter(title: string): void {
    if (!this.#json) console.log();
    this.tell("chapter", title, {}, "title");
  }

  /** Prints one event. */
  tell(event: string, text: string, data: Readonly<Record<string, unknown>>, mood: Mood): void {
    const atMs = Math.round(performance.now() - this.#beganMs);
    if (this.#json) {
      console.log(JSON.stringify({ atMs, event, text: text.trim(), ...data }));
      return;
    }
    const time = `${(atMs / 1000).toFixed(2).padStart(6)}s`;
    const colour = this.#colours ? COLOURS[mood] : "";
    console.log(`${time}  ${colour}${text}${colour && "\u001b[0m"}`);
  }

  /** Prints each change of a circuit with the message that a log would contain. */
  watch(breaker: CircuitBreaker): void {
    const change = (fields: object, text: string) => {
      const { to } = fields as { readonly to?: string };
      this.tell("stateChange", `  ${text}`, { ...fields }, to === "open" ? "bad" : "good");
    };
    const logger = { debug: () => undefined, info: change, warn: change };
    logTo(breaker, logger, { format: "fields-first" });
  }

  /** Runs one part of the story. An unexpected error ends this part, and the next part begins. */
  async part(tell: (story: Story) => Promise<void>): Promise<void> {
    try {
      await tell(this);
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message.trim()}` : error;
      this.expect(`no error ends a part of the story (${what})`, false);
    }
  }

  /** Checks a condition of the story. A condition that fails is printed at once and makes the exit code 1. */
  expect(what: string, holds: boolean): void {
    if (holds) return;
    this.#broken.push(what);
    this.tell("broken", `Expected, but not so: ${what}`, {}, "bad");
  }

  /** Ends the story. Returns the exit code of the process. */
  end(): 0 | 1 {
    const went = this.#broken.length === 0;
    const text = went ? "The story went as it must." : `Went wrong: ${this.#broken.length}.`;
    if (!this.#json) console.log();
    this.tell("end", text, { ok: went, broken: this.#broken }, went ? "good" : "bad");
    return went ? 0 : 1;
  }
}
