/** Waits for the last output of an ended command, within limits. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ChildStreams } from "./child-streams.js";

/** How long processes left behind may delay our end. */
const LINGER_MS = 900;
/** A pipe holds less than this. Later output was written after the command's end. */
const PIPE_BYTES = 1024 * 1024;
const LOOK_AGAIN_MS = 25;

/** The limits for our own reader. */
export interface Patience {
  /** Aborted when the wait must end. */
  readonly cut: AbortSignal;
  /** The limit for our reader; undefined for no limit. */
  readonly forMs: number | undefined;
}

/**
 * Waits until all output of a command has passed. Stops reading if a process left behind keeps the
 * streams open.
 *
 * @returns False if output was dropped because our reader had no more time.
 */
export async function untilPassed(
  streams: ChildStreams,
  { cut, forMs = Number.POSITIVE_INFINITY }: Patience,
): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort();
  let isDone = false;
  void streams.done().then(() => {
    isDone = true;
    end();
  });
  cut.addEventListener("abort", end);
  const startMs = performance.now();
  const bytesBefore = streams.bytes;
  // Counts checks instead of time: between two checks all available output is read.
  let idleMs = 0;
  for (;;) {
    // Available output is read in this turn, and most of it is written too.
    await sleep(LOOK_AGAIN_MS, undefined, { signal: over.signal }).catch(() => undefined);
    if (isDone) break;
    const tookMs = performance.now() - startMs;
    if (cut.aborted || tookMs >= forMs) {
      cut.removeEventListener("abort", end);
      streams.abandon();
      return false;
    }
    if (!streams.isHeldUp) idleMs += LOOK_AGAIN_MS;
    const isLater = streams.bytes - bytesBefore > PIPE_BYTES && tookMs >= LINGER_MS;
    if (idleMs >= LINGER_MS || isLater) streams.stopReading();
  }
  cut.removeEventListener("abort", end);
  return true;
}
