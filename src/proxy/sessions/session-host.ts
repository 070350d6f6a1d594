/**
 * The interface through which the stand-in opens guarded sessions: in its own process, or in the
 * runner that started it.
 */

import type { SessionAddress } from "./session-address.js";

/** The reason why a session was not opened. */
export type OpeningFailure =
  /** The standard error of the real CLI. */
  | { readonly text: string }
  /** A timeout of ours ended it. */
  | { readonly timedOut: true };

/** Opens guarded sessions. */
export interface SessionHost {
  /**
   * Requests admission from the engine's breaker.
   *
   * @param signal Ends the wait for admission.
   * @param workdir The working folder of the CLI, absolute; ours if unknown.
   * @throws CircuitBreakerOpenError and the like; HostGoneError if the host cannot be reached.
   */
  begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession>;
}

/** A session that the engine's breaker has admitted. */
export interface OpeningSession {
  /** Variables for the real CLI besides our own environment. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Resolves when the host has gone, and the proxy with it; undefined for a host in this process.
   */
  readonly hostGone?: Promise<void>;
  /**
   * Reports that the real CLI has opened a session. Resolves to the address of the proxy in front
   * of it.
   */
  opened(target: SessionAddress): Promise<SessionAddress>;
  /** Reports that the real CLI has opened none, and settles this with the engine's breaker. */
  failed(failure: OpeningFailure): Promise<void>;
  /** Reports that the real CLI has ended. If nothing was settled before, nothing is counted. */
  end(): Promise<void>;
}

/** The error for a host in another process that cannot be reached, or has gone. */
export class HostGoneError extends Error {
  override readonly name = "HostGoneError";
}
