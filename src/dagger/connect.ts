/**
 * Guarded versions of the SDK's `connect` and `connection`, which also fix some defects of the originals.
 */

import * as sdk from "@dagger.io/dagger";
import { checkFunction } from "../options/check.js";
import { type ConnectGuardOptions, readConnectOptions } from "./connect-options.js";
import { guardInPlace, guardWith } from "./guard-client.js";
import { runInSession } from "./session-run.js";
import { makeGuard } from "./step-aside.js";

/** The options of the SDK's `connect` and `connection`, and the options of the guard. */
export interface ConnectOptions extends sdk.ConnectOpts {
  /** The options of the guard. Default: the defaults of {@link ConnectGuardOptions}. */
  readonly guard?: ConnectGuardOptions | undefined;
}

/**
 * Opens a session like the SDK's `connect`, and calls `callback` with a guarded client. Each request of the
 * client needs permits from the breakers of its upstreams.
 *
 * Unlike the SDK's `connect`, this function resolves to the callback's value and passes on the callback's
 * error unchanged. If a session cannot be opened, the error explains why.
 *
 * @throws CircuitBreakerOpenError if the engine's circuit is open; then no session is started. TimeoutError
 * if the session does not open within `connectTimeoutMs`.
 *
 * @example
 * ```ts
 * import { connect } from "dagger-circuit-breaker/dagger";
 *
 * const test = () =>
 *   connect((client) => client.container().from("alpine").withExec(["true"]).stdout(), {
 *     LogOutput: process.stderr,
 *     guard: { operationTimeoutMs: 600_000 },
 *   });
 * ```
 */
export async function connect<T>(
  callback: (client: sdk.Client) => Promise<T>,
  options: ConnectOptions = {},
): Promise<T> {
  checkFunction(callback, "callback");
  const { guard, ...connectOptions } = options;
  const { settings, guardOptions } = readConnectOptions(guard);
  const owner = makeGuard(guardOptions);
  return runInSession(
    owner,
    settings,
    (run, state) =>
      sdk.connect(
        (client) => run(() => callback(guardWith(owner, client, () => state))),
        connectOptions,
      ),
    connectOptions.Workdir,
  );
}

/**
 * Opens a session for the global `dag` like the SDK's `connection`, and guards `dag` while `callback` runs.
 * In all other respects it works like {@link connect}.
 *
 * @throws CircuitBreakerOpenError if the engine's circuit is open; then no session is started. TimeoutError
 * if the session does not open within `connectTimeoutMs`.
 */
export async function connection<T>(
  callback: () => Promise<T>,
  options: ConnectOptions = {},
): Promise<T> {
  checkFunction(callback, "callback");
  const { guard, ...connectOptions } = options;
  const { settings, guardOptions } = readConnectOptions(guard);
  const owner = makeGuard(guardOptions);
  return runInSession(
    owner,
    settings,
    (run, state) =>
      sdk.connection(
        () =>
          run(async () => {
            const release = guardInPlace(owner, sdk.dag, () => state);
            try {
              return await callback();
            } finally {
              release();
            }
          }),
        connectOptions,
      ),
    connectOptions.Workdir,
  );
}
