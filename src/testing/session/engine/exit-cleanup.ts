/** What is to be done should the process end, or be ended by a signal, before a double was stopped. */

/** The signals that people and CI systems end a process with; without a listener no exit event follows them. */
const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Marks our listener, so that another copy of this package does not take it for a decision to go on. */
const OURS = Symbol.for("dagger-circuit-breaker.session-double.exit-cleanup");

const cleanups = new Set<() => void>();

/** Runs `cleanup` when the process ends; returns how to call it off. One listener serves all. */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen();
  cleanups.add(cleanup);
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) leaveOff();
  };
}

function listen(): void {
  process.on("exit", runAll);
  // In front, so that listeners that hear a signal only once are still there to be seen.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, endBySignal);
}

function leaveOff(): void {
  process.off("exit", runAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, endBySignal);
}

/** Where anybody else listens, it is for them to end the process; its exit then cleans up. */
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
      // The process ends: one that cannot clean up must not keep the others from it.
    }
  }
}
