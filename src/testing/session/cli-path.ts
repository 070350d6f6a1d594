/** Where the CLI stand-in lies. */

import { accessSync, chmodSync, constants } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The path of an executable that stands in for the `dagger` CLI when a Dagger SDK starts a session
 * of its own: set `_EXPERIMENTAL_DAGGER_CLI_BIN` to it. Each `session` that an SDK starts is a
 * session double in a process of its own, which ends with its standard input or on SIGTERM. Its
 * options (those of `startSessionDouble` but `random`) are taken from the environment variable
 * `DAGGER_SESSION_DOUBLE`, as JSON. Any other command, such as `call`, does what `CommandDouble` says
 * in the variable `DAGGER_SESSION_DOUBLE_COMMAND`. To steer it from a test, use `SessionDouble.cliEnvironment`.
 *
 * @throws Error when the file is not there or cannot be made executable.
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
    // Packages arrive without the executable bit on files that are no `bin` of theirs.
    chmodSync(path, 0o755);
  }
  return path;
}
