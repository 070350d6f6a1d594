/** Waits for the last output of a command that has ended, and not for ever. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ChildStreams } from "./child-streams.js";

/** For how long what a command has left behind may hold our end up. */
const LINGER_MS = 900;
/** More than this a pipe does not hold: what comes after it was written after the command's end. */
const PIPE_BYTES = 1024 * 1024;
const LOOK_AGAIN_MS = 25;

/** When not to wait for our own reader any longer. */
export interface Patience {
  /** Aborted when nothing is to be waited for any more. */
  readonly cut: AbortSignal;
  /** How long our reader has in all; undefined for as long as it takes. */
  readonly forMs: number | undefined;
}

/**
 * Waits until all that a command wrote has passed. A process that it has left behind may hold its
 * streams open, which then are read no more.
 *
 * @returns False when output was dropped because there was no time to wait for our reader.
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
  // Counted in looks, not by the clock: between two of them everything that is there is read.
  let idleMs = 0;
  for (;;) {
    // Output that is there already is read in this turn, and most of it is written in it.
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
