/** Ignores further signals while this process reports how its run ended. */

/**
 * How long further signals are ignored. GitHub sends SIGTERM 7.5 s after SIGINT, and SIGKILL 2.5 s
 * later.
 */
const HOLD_MS = 2_500;
const HELD = ["SIGINT", "SIGTERM"] as const;

/** Ignores further SIGINT and SIGTERM for a short time. Does not keep the process alive. */
export function holdForLastWords(): void {
  const ignore = (): void => undefined;
  for (const signal of HELD) process.on(signal, ignore);
  const letGo = (): void => {
    for (const signal of HELD) process.off(signal, ignore);
  };
  setTimeout(letGo, HOLD_MS).unref();
}
