/**
 * The interface through which a stand-in opens guarded sessions. The host is in the same process, or in the
 * runner that started the stand-in.
 */

import type { SessionAddress } from "./session-address.js";

/** The reason why the real CLI opened no session. */
export type OpeningFailure =
  /** The standard error of the real CLI. */
  | { readonly text: string }
  /** The CLI was ended, because it opened no session within `connectTimeoutMs`. */
  | { readonly timedOut: true };

/** An object that opens guarded sessions. */
export interface SessionHost {
  /**
   * Asks the engine's breaker for a permit to open a session.
   *
   * @param signal An abort ends the wait for admission.
   * @param workdir The absolute working folder of the CLI. Default: that of the host's process.
   * @throws CircuitBreakerOpenError or another rejection of the guard; HostGoneError if the host cannot be
   * reached.
   */
  begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession>;
}

/** A session that the engine's breaker has admitted, and that may now be opened. */
export interface OpeningSession {
  /** Environment variables that the real CLI gets in addition to its usual environment. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Resolves when the host's process has ended, and the proxy with it. Undefined if the host is this
   * process.
   */
  readonly hostGone?: Promise<void>;
  /**
   * Reports that the real CLI has opened a session. Resolves to the address of the proxy for that session.
   */
  opened(target: SessionAddress): Promise<SessionAddress>;
  /** Reports that the real CLI has opened no session, which may be a failure of the engine. */
  failed(failure: OpeningFailure): Promise<void>;
  /**
   * Reports that the real CLI has ended. If neither `opened` nor `failed` was called, the breaker counts no
   * outcome.
   */
  end(): Promise<void>;
}

/** The error for a session host in another process that cannot be reached or has ended. */
export class HostGoneError extends Error {
  override readonly name = "HostGoneError";
}
