/** Who opens guarded sessions for the stand-in: its own process, or the runner that it was started under. */

import type { SessionAddress } from "./session-address.js";

/** Why a session was not opened. */
export type OpeningFailure =
  /** What the real CLI wrote to its standard error. */
  | { readonly text: string }
  /** A time-out of ours ended it. */
  | { readonly timedOut: true };

/** Opens guarded sessions. */
export interface SessionHost {
  /**
   * Asks the engine's breaker.
   *
   * @param signal Ends the wait to be let in.
   * @param workdir The working folder of the CLI, absolute; ours when it is not known.
   * @throws CircuitBreakerOpenError and the like; HostGoneError when the host cannot be reached.
   */
  begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession>;
}

/** A session that may be opened: the engine's breaker has let it in. */
export interface OpeningSession {
  /** What the real CLI gets in its environment beside ours. */
  readonly variables: Readonly<Record<string, string>>;
  /** Resolves when the host has gone, and with it the proxy; undefined for one that lives with us. */
  readonly hostGone?: Promise<void>;
  /** The real CLI has opened a session. Resolves to the address of the proxy before it. */
  opened(target: SessionAddress): Promise<SessionAddress>;
  /** The real CLI has opened none, which is settled with the engine's breaker. */
  failed(failure: OpeningFailure): Promise<void>;
  /** The real CLI has ended, or was told to. Nothing was settled before: then nothing is counted. */
  end(): Promise<void>;
}

/** The host in another process cannot be reached, or has gone. */
export class HostGoneError extends Error {
  override readonly name = "HostGoneError";
}
