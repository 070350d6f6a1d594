/** Keeps warnings of this process off the screen while it belongs to a command. */

import type { Note } from "./report.js";

/** What was said, in words for the end. */
export interface HeldWarnings {
  /** What the package said of traces. */
  readonly notes: readonly Note[];
  /** Lets warnings through again, and those first that were not about traces. */
  release(): Promise<void>;
}

const TRACES = /^traces-/;

/**
 * Holds the warnings of the process, which Node writes to standard error as they come: into the
 * middle of what a command draws there.
 */
export function holdWarnings(): HeldWarnings {
  const notes: Note[] = [];
  const others: Error[] = [];
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  const hold = (warning: Error & { code?: unknown }): void => {
    const { code, message } = warning;
    if (typeof code !== "string" || !TRACES.test(code)) others.push(warning);
    else notes.push({ code, text: `${message}.` });
  };
  process.on("warning", hold);
  return {
    notes,
    async release() {
      // Warnings are told a turn after they come to be.
      await new Promise((resolve) => setImmediate(resolve));
      process.off("warning", hold);
      for (const listener of listeners) process.on("warning", listener);
      for (const warning of others) process.emit("warning", warning);
    },
  };
}
