/** Holds back warnings of this process while a command uses the screen. */

import type { Note } from "../runner/report/run-report.js";

/** The warnings that were held back. */
export interface HeldWarnings {
  /** Warnings of this package, as notes for the report. */
  readonly notes: readonly Note[];
  /**
   * Stops holding warnings back. Emits the held warnings that are not in `notes`. Later calls have
   * no effect.
   */
  release(): Promise<void>;
}

/** Matches the codes of this package's warnings about traces. */
export const OF_TRACES = /^traces-/;
/** Matches the codes of all warnings of this package. */
export const OF_ANYTHING = /^/;

/** The `name` of all warnings of this package. */
const OURS = "CircuitBreakerWarning";

/**
 * Holds back the warnings of this process. Node.js would otherwise write them into the middle of a
 * command's display.
 *
 * @param codes Matches the codes of warnings that become notes for the report.
 */
export function holdWarnings(codes: RegExp): HeldWarnings {
  const notes: Note[] = [];
  const others: Error[] = [];
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  const hold = (warning: Error & { code?: unknown }): void => {
    const { name, code, message } = warning;
    const isNoted = name === OURS && typeof code === "string" && codes.test(code);
    if (isNoted) notes.push({ code, text: `${message}.` });
    else others.push(warning);
  };
  process.on("warning", hold);
  let isHeld = true;
  return {
    notes,
    async release() {
      // Node.js emits a warning one turn of the event loop after its cause.
      await new Promise((resolve) => setImmediate(resolve));
      if (!isHeld) return;
      isHeld = false;
      process.off("warning", hold);
      for (const listener of listeners) process.on("warning", listener);
      for (const warning of others) process.emit("warning", warning);
    },
  };
}
