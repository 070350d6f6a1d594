/** Cleanups for the case that the process ends, or a signal ends it, before a double is stopped. */

/**
 * The signals with which people and CI systems end a process. Without a listener, no exit event
 * follows them.
 */
const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/**
 * Marks our listener, so that another copy of this package does not take it for a decision to
 * continue.
 */
const OURS = Symbol.for("dagger-circuit-breaker.session-double.exit-cleanup");

const cleanups = new Set<() => void>();

/**
 * Runs `cleanup` when the process ends; returns a function that cancels this. One listener serves
 * all.
 */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen();
  cleanups.add(cleanup);
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) leaveOff();
  };
}

function listen(): void {
  process.on("exit", runAll);
  // In front, so that `once` listeners are still registered when ours looks for them.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, endBySignal);
}

function leaveOff(): void {
  process.off("exit", runAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, endBySignal);
}

/** If another listener exists, ending the process is its task; the exit event then cleans up. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listeners(signal).some((listener) => !(OURS in listener))) return;
  runAll();
  process.off(signal, endBySignal);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
Object.defineProperty(endBySignal, OURS, { value: true });

function runAll(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // The process ends: a failed cleanup must not prevent the others.
    }
  }
}
