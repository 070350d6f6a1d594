/** What is to be done should the process end before a double was stopped. */

const cleanups = new Set<() => void>();

/** Runs `cleanup` when the process ends; returns how to call it off. One listener serves all. */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) process.on("exit", runAll);
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) process.off("exit", runAll);
  };
}

function runAll(): void {
  for (const cleanup of cleanups) cleanup();
}
