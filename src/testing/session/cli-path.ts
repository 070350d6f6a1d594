/** Finds the program that stands in for the dagger CLI. */

import { accessSync, chmodSync, constants } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Returns the path of an executable that replaces the `dagger` CLI when a Dagger SDK starts its own
 * session: set `_EXPERIMENTAL_DAGGER_CLI_BIN` to it. Each `session` that an SDK starts is a session
 * double in a process of its own, which ends with its standard input or on SIGTERM. The environment
 * variable `DAGGER_SESSION_DOUBLE` contains its options as JSON (those of `startSessionDouble`
 * except `random`). Any other command, such as `call`, follows the `CommandDouble` in the variable
 * `DAGGER_SESSION_DOUBLE_COMMAND`. To control it from a test, use `SessionDouble.cliEnvironment`.
 *
 * @throws Error if the file is missing or cannot be made executable.
 *
 * @example
 * ```ts
 * import { sessionDoubleCliPath } from "dagger-circuit-breaker/testing";
 *
 * process.env._EXPERIMENTAL_DAGGER_CLI_BIN = sessionDoubleCliPath();
 * process.env.DAGGER_SESSION_DOUBLE = JSON.stringify({
 *   faults: [{ host: "docker.io", probability: 0.5, kind: "status", status: 503 }],
 *   seed: 7,
 * });
 * ```
 */
export function sessionDoubleCliPath(): string {
  const path = fileURLToPath(new URL("./cli.js", import.meta.url));
  try {
    accessSync(path, constants.X_OK);
  } catch {
    // npm packages lose the executable bit of files that are not in `bin`.
    chmodSync(path, 0o755);
  }
  return path;
}
