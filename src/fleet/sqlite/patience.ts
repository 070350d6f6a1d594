/** Waits while other processes lock a SQLite file. */

/** The codes SQLITE_BUSY and SQLITE_LOCKED, which are the low byte of an extended code. */
const BUSY = new Set([5, 6]);

/**
 * The longest pause before trying again. A transaction takes about 0.03 ms. The pauses of SQLite
 * itself grow, so a process that has waited long would come last.
 */
const LONGEST_WAIT_MS = 1;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Retries `work` while another process holds a lock, then throws its error. The wait blocks the
 * whole process, so the limit must be short.
 */
export function patiently<T>(timeoutMs: number, work: () => T): T {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const leftMs = endMs - performance.now();
      if (!isBusy(error) || leftMs <= 0) throw error;
      Atomics.wait(NEVER, 0, 0, Math.min(Math.random() * LONGEST_WAIT_MS, leftMs));
    }
  }
}

/** Returns whether another process held a lock. The file and the connection are intact then. */
export function isBusy(error: unknown): boolean {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" && BUSY.has(errcode & 0xff);
}
