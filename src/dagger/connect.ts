/** Guarded versions of the SDK's `connect` and `connection`. They also fix some defects of the originals. */

import * as sdk from "@dagger.io/dagger";
import { checkFunction } from "../options/check.js";
import { type ConnectGuardOptions, readConnectOptions } from "./connect-options.js";
import { guardInPlace, guardWith } from "./guard-client.js";
import { runInSession } from "./session-run.js";
import { makeGuard } from "./step-aside.js";

/** The options of the SDK's `connect` and `connection`, with one more for the guard. */
export interface ConnectOptions extends sdk.ConnectOpts {
  /** The options of the guard. */
  readonly guard?: ConnectGuardOptions | undefined;
}

/**
 * Opens a session like the SDK's `connect`, guarded, and calls `callback` with a guarded client: each of
 * its requests needs permits from the breakers of its upstreams.
 *
 * Unlike the SDK's own, it resolves to the callback's value, passes on the callback's error unchanged, and
 * explains why a session could not be opened.
 *
 * @throws CircuitBreakerOpenError if the engine's circuit is open: no session is started then; TimeoutError
 * if none opens within `connectTimeoutMs`.
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
 * Opens a session for the global `dag` like the SDK's `connection`, and guards `dag` while
 * `callback` runs. Everything else is as in `connect`.
 *
 * @throws CircuitBreakerOpenError if the engine's circuit is open: no session is started then.
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
