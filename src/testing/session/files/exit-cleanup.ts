/** Runs cleanups if the process ends, by itself or by a signal, before a double is stopped. */

/**
 * Signals that people and CI systems send to end a process. Node emits no exit event after them unless a
 * listener exists.
 */
const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Marks our own listener. Another copy of this package must not mistake it for a listener of the user. */
const OURS = Symbol.for("dagger-circuit-breaker.session-double.exit-cleanup");

const cleanups = new Set<() => void>();

/**
 * Calls `cleanup` when the process ends. Returns a function that cancels this. All cleanups share one
 * listener.
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
  // Comes first, so that `once` listeners are still registered when ours looks for them.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, endBySignal);
}

function leaveOff(): void {
  process.off("exit", runAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, endBySignal);
}

/**
 * Ends the process. If the user has a listener for the signal, that listener decides, and the cleanups run
 * at the exit event.
 */
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
      // The process is ending. A cleanup that fails must not prevent the others.
    }
  }
}
