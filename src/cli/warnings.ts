/** Keeps warnings of this process off the screen while it belongs to a command. */

import type { Note } from "../runner/report/run-report.js";

/** What was said, in words for the end. */
export interface HeldWarnings {
  /** What was to be noted. */
  readonly notes: readonly Note[];
  /** Lets warnings through again, and those first that were not noted. May be called again. */
  release(): Promise<void>;
}

/** The codes of what the package says of traces. */
export const OF_TRACES = /^traces-/;
/** Those of all that it says. */
export const OF_ANYTHING = /^/;

/** The name of the warnings of this package. */
const OURS = "CircuitBreakerWarning";

/**
 * Holds the warnings of the process, which Node writes to standard error as they come: into the
 * middle of what a command draws there.
 *
 * @param codes Which warnings of this package are noted for the end.
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
      // Warnings are told a turn after they come to be.
      await new Promise((resolve) => setImmediate(resolve));
      if (!isHeld) return;
      isHeld = false;
      process.off("warning", hold);
      for (const listener of listeners) process.on("warning", listener);
      for (const warning of others) process.emit("warning", warning);
    },
  };
}
