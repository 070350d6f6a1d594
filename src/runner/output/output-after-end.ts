/** Waits for the last output of an ended command, within limits. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ChildStreams } from "./child-streams.js";

/** The longest time that background processes of an ended command may delay our own end. */
const LINGER_MS = 900;
/**
 * More bytes than a pipe can hold. If more output arrives, it was written after the command had
 * ended.
 */
const PIPE_BYTES = 1024 * 1024;
const LOOK_AGAIN_MS = 25;

/** The limits on the wait for the program that reads our output. */
export interface Patience {
  /** Aborted when the wait must end. */
  readonly cut: AbortSignal;
  /** The limit in milliseconds; undefined for no limit. */
  readonly forMs: number | undefined;
}

/**
 * Waits until all output of a command has passed. Stops reading if a background process of the
 * ended command keeps the streams open.
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
  // The sum of the pauses, not the elapsed time. On a busy machine, time may pass in which Node.js
  // reads nothing, but during each pause it reads what is available.
  let idleMs = 0;
  for (;;) {
    // During this pause, Node.js reads all available output and writes most of it.
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
