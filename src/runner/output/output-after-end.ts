/** Waits for the last output of an ended command, within limits. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ChildStreams } from "./child-streams.js";

/** How long background processes that the command left may delay our exit. */
const LINGER_MS = 900;
/** More than a pipe can hold. Output beyond this was written after the command had ended. */
const PIPE_BYTES = 1024 * 1024;
const LOOK_AGAIN_MS = 25;

/** How long to wait for the reader of our output. */
export interface Patience {
  /** Aborted when the wait must end. */
  readonly cut: AbortSignal;
  /** The limit in milliseconds; undefined for no limit. */
  readonly forMs: number | undefined;
}

/**
 * Waits until all output of a command has passed. Stops reading if a background process that the
 * command left keeps the streams open.
 *
 * @returns False if output was dropped because its reader was too slow.
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
  // Adds up pauses instead of measuring time: even on a busy machine, output is read in each pause.
  let idleMs = 0;
  for (;;) {
    // During this pause available output is read, and most of it is written too.
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
