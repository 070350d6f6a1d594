/** Reports each change of shared circuits as one line: text for a log, or JSON for programs. */

import type { FleetEntry } from "../../../fleet/store.js";
import { changeObject } from "../../change-object.js";
import { plainJson, plainText } from "../../plain-text.js";
import { printLines, say, type Terminal } from "../../terminal.js";
import { changeLine, changesAfter } from "../change.js";
import { byUrgency, circuitObject, secondText, stateOf, waitOf } from "../circuit.js";
import { quoted } from "../names.js";
import { retryText } from "../table.js";
import type { OpenScope } from "../with-store.js";
import { count, whoText, whyText } from "../words.js";
import type { CircuitView } from "./circuit-view.js";
import type { Follower } from "./follow.js";

/** The output of `watch` without a terminal. */
export class LineWriter implements Follower {
  readonly #opened: OpenScope;
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #told = new Map<string, number>();

  constructor(opened: OpenScope, terminal: Terminal, json: boolean) {
    this.#opened = opened;
    this.#terminal = terminal;
    this.#json = json;
  }

  /**
   * Writes the initial states. JSON output contains all circuits; text output contains only those
   * that are not closed.
   */
  begin(view: CircuitView): void {
    const entries = view.entries(performance.now());
    const nowMs = Date.now();
    if (!this.#json) {
      const scope = `the scope ${quoted(this.#opened.scope)}`;
      say(this.#terminal, `watching ${count(entries.length, "circuit")} in ${scope}`);
    }
    for (const entry of [...entries].sort(byUrgency)) {
      const { name, snapshot } = entry;
      this.#told.set(name, snapshot.generation);
      if (this.#json) this.#write({ event: "state", ...circuitObject(entry, nowMs) });
      else if (stateOf(snapshot) !== "closed") this.#writeLine(stateLine(entry, nowMs));
    }
  }

  async update(view: CircuitView): Promise<void> {
    const entries = view.entries(performance.now());
    const known = new Set(entries.map(({ name }) => name));
    for (const name of this.#told.keys()) if (!known.has(name)) this.#told.delete(name);
    for (const { name, snapshot } of entries) {
      const told = this.#told.get(name) ?? 0;
      if (snapshot.generation <= told) continue;
      const newest = await this.#tell(name, told);
      this.#told.set(name, Math.max(snapshot.generation, newest));
    }
  }

  lost(message: string): void {
    if (this.#json) this.#write({ event: "store", up: false, message });
    else say(this.#terminal, `${message}; asking again until the store answers`);
  }

  found(): void {
    if (this.#json) this.#write({ event: "store", up: true, message: null });
    else say(this.#terminal, "the store answers again");
  }

  /**
   * Writes the changes of a circuit that are newer than the generation `told`. Returns the
   * generation of the last change.
   */
  async #tell(name: string, told: number): Promise<number> {
    const { store, scope, ask } = this.#opened;
    const changes = await ask(() => changesAfter(store, { scope, name }, told));
    for (const named of changes) {
      if (this.#json) this.#write({ event: "change", ...changeObject(named) });
      else this.#writeLine(changeLine(named));
    }
    return changes.at(-1)?.change.generation ?? told;
  }

  #write(value: object): void {
    this.#writeLine(plainJson(value));
  }

  #writeLine(line: string): void {
    printLines(this.#terminal, [line]);
  }
}

function stateLine({ name, snapshot }: FleetEntry, nowMs: number): string {
  const wait = retryText(waitOf(snapshot));
  const why = whyText(snapshot);
  const who = whoText(snapshot);
  const parts = [
    `${secondText(nowMs)} ${plainText(name)}: ${stateOf(snapshot)}`,
    wait && `, retry in ${wait}`.replace("in now", "now"),
    why && `: ${why}`,
    who && `, by ${who}`,
  ];
  return parts.join("");
}
