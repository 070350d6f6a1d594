/** Repeats work on a SQLite file while other processes lock the file. */

/**
 * The error codes SQLITE_BUSY and SQLITE_LOCKED. An extended error code contains its basic code in
 * the low byte.
 */
const BUSY = new Set([5, 6]);

/**
 * The longest pause between two attempts, in milliseconds. A transaction takes about 0.03 ms.
 * SQLite's own pauses would grow with the waiting time, so a process that has waited long would
 * come last.
 */
const LONGEST_WAIT_MS = 1;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Repeats `work` while another process holds a lock. After `timeoutMs`, throws the error of `work`.
 * The wait blocks the whole process, so `timeoutMs` must be short.
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

/**
 * Returns whether the error means that another process held a lock. After such an error, the file
 * and the connection are intact.
 */
export function isBusy(error: unknown): boolean {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" && BUSY.has(errcode & 0xff);
}
