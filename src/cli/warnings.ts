/** Holds back warnings of this process while the screen belongs to a command. */

import type { Note } from "../runner/report/run-report.js";

/** Held warnings, in words for the end. */
export interface HeldWarnings {
  /** The recorded warnings. */
  readonly notes: readonly Note[];
  /** Stops holding warnings, and emits the unrecorded ones. May be called again. */
  release(): Promise<void>;
}

/** Codes of the package's warnings about traces. */
export const OF_TRACES = /^traces-/;
/** Codes of all its warnings. */
export const OF_ANYTHING = /^/;

/** The name of this package's warnings. */
const OURS = "CircuitBreakerWarning";

/**
 * Holds the warnings of the process, because Node would write them into the middle of a command's
 * display.
 *
 * @param codes The warnings of this package that are recorded for the end.
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
      // Warnings arrive one turn after their cause.
      await new Promise((resolve) => setImmediate(resolve));
      if (!isHeld) return;
      isHeld = false;
      process.off("warning", hold);
      for (const listener of listeners) process.on("warning", listener);
      for (const warning of others) process.emit("warning", warning);
    },
  };
}
