/**
 * The interface through which a stand-in opens guarded sessions, in its own process or in the runner that
 * started it.
 */

import type { SessionAddress } from "./session-address.js";

/** Why the real CLI opened no session. */
export type OpeningFailure =
  /** The standard error of the real CLI. */
  | { readonly text: string }
  /** Our own timeout ended the CLI. */
  | { readonly timedOut: true };

/** Opens guarded sessions. */
export interface SessionHost {
  /**
   * Asks the engine's breaker for a permit to open a session.
   *
   * @param signal Ends the wait for admission.
   * @param workdir The absolute working folder of the CLI. Default: our own.
   * @throws CircuitBreakerOpenError and the like; HostGoneError if the host cannot be reached.
   */
  begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession>;
}

/** A session that may be opened: the engine's breaker has admitted it. */
export interface OpeningSession {
  /** Variables that the real CLI gets besides our own environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Resolves when the other process has gone, and the proxy with it. Undefined for a host in this process. */
  readonly hostGone?: Promise<void>;
  /** Reports that the real CLI has opened a session. Resolves to the address of the proxy in front of it. */
  opened(target: SessionAddress): Promise<SessionAddress>;
  /** Reports that the real CLI has opened no session, which may be a failure of the engine. */
  failed(failure: OpeningFailure): Promise<void>;
  /** Reports that the real CLI has ended. If neither `opened` nor `failed` was called, nothing is counted. */
  end(): Promise<void>;
}

/** The error for a session host in another process that cannot be reached or has gone. */
export class HostGoneError extends Error {
  override readonly name = "HostGoneError";
}
