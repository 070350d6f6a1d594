/** The rejection by a circuit that many processes share. */

import {
  CircuitBreakerOpenError,
  isCircuitBreakerOpenError,
  nameErrorClass,
  type RejectionReason,
  withoutStack,
} from "../../breaker/errors.js";
import { plain } from "../foreign-text.js";
import type { FleetSnapshot } from "../rules/reply.js";
import type { Reporter, SharedFailure } from "../rules/state.js";
import type { FleetKey } from "../store.js";

/** The process whose outcome opened a shared circuit. */
export type OpenedBy = Pick<Reporter, "host" | "run">;

/**
 * The error of a call that a shared circuit rejected, because of a failure in this or another
 * process. `code` is `"CIRCUIT_OPEN"`, as for a local breaker. Any process with write access to the
 * store can set its texts, so line breaks and terminal commands are removed.
 */
export class SharedCircuitOpenError extends CircuitBreakerOpenError {
  /** The rate-limit scope. */
  readonly scope: string;
  /** When the current state or isolation began, as an ISO date on this machine's clock. */
  readonly since: string;
  /**
   * When the circuit will probe or the isolation ends, as an ISO date; null while the circuit
   * probes.
   */
  readonly until: string | null;
  /** The process whose failure opened the circuit; null if it was not opened by a failure. */
  readonly openedBy: OpenedBy | null;
  /** The failure that opened the circuit. */
  readonly failure: SharedFailure | null;
  /** The owner of the isolation; null if the circuit is not isolated. */
  readonly isolatedBy: string | null;

  /**
   * @param snapshot The current state of the circuit.
   * @internal
   */
  constructor({ scope, name }: FleetKey, reason: RejectionReason, snapshot: FleetSnapshot) {
    const { generation, isolation, failure } = snapshot;
    const state = isolation === null ? snapshot.state : "open";
    const retryAfterMs = reason === "isolated" ? undefined : snapshot.retryAfterMs;
    const isolationReason = isolation === null ? undefined : plain(isolation.reason, 1000);
    super({ breakerName: name, state, reason, retryAfterMs, generation, isolationReason });
    const nowMs = Date.now();
    const { ageMs } = isolation ?? snapshot;
    const remainingMs = isolation?.remainingMs ?? snapshot.retryAfterMs;
    this.scope = scope;
    this.since = isoDate(nowMs - ageMs);
    this.until = reason === "probing" ? null : isoDate(nowMs + remainingMs);
    this.openedBy = failure && {
      host: plain(failure.reporter.host),
      run: plainOrNull(failure.reporter.run),
    };
    this.failure = failure && {
      fault: plainOrNull(failure.fault),
      rule: plain(failure.rule),
      limited: failure.limited,
    };
    this.isolatedBy = isolation && plain(isolation.owner);
    this.message += tail(this);
  }

  static {
    nameErrorClass(SharedCircuitOpenError, "SharedCircuitOpenError");
  }
}

/**
 * Returns whether `error` is a {@link SharedCircuitOpenError} of this or another copy of the
 * package.
 */
export function isSharedCircuitOpenError(error: unknown): error is SharedCircuitOpenError {
  return isCircuitBreakerOpenError(error) && "scope" in error && "openedBy" in error;
}

/** Creates the rejection. It has a stack only if the options of the breaker ask for one. */
export function sharedRejection(
  key: FleetKey,
  reason: RejectionReason,
  snapshot: FleetSnapshot,
  withStack: boolean,
): SharedCircuitOpenError {
  const make = () => new SharedCircuitOpenError(key, reason, snapshot);
  return withStack ? make() : withoutStack(make);
}

function tail(error: SharedCircuitOpenError): string {
  const { scope, since, until, isolatedBy, openedBy, failure } = error;
  const shared = `; shared in scope ${scope} since ${since}`;
  if (isolatedBy !== null) return `${shared}, by ${isolatedBy} until ${until}`;
  if (openedBy === null || failure === null) return shared;
  const who = openedBy.run === null ? openedBy.host : `${openedBy.host} (${openedBy.run})`;
  return `${shared}, opened by ${who} for ${failure.rule}`;
}

function plainOrNull(text: string | null): string | null {
  return text === null ? null : plain(text, 500);
}

/** Renders a date. A store may send one out of range. */
function isoDate(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}
