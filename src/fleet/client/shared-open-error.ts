/** Defines the error of a call that a shared circuit rejected. */

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
 * store can set the texts of this error. So the error contains no line breaks and no terminal
 * commands.
 */
export class SharedCircuitOpenError extends CircuitBreakerOpenError {
  /** The rate-limit scope; see `FleetOptions.scope`. */
  readonly scope: string;
  /** The start of the current state or isolation, as an ISO date on this machine's clock. */
  readonly since: string;
  /**
   * The end of the open time or isolation, as an ISO date on this machine's clock; null while the
   * circuit probes.
   */
  readonly until: string | null;
  /** The process whose failure opened the circuit; null if no failure opened it. */
  readonly openedBy: OpenedBy | null;
  /** The failure that opened the circuit; null if no failure opened it. */
  readonly failure: SharedFailure | null;
  /** The person or system that isolated the circuit; null if it is not isolated. */
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
 * Returns whether `error` is a {@link SharedCircuitOpenError}, also one from another copy of the
 * package.
 */
export function isSharedCircuitOpenError(error: unknown): error is SharedCircuitOpenError {
  return isCircuitBreakerOpenError(error) && "scope" in error && "openedBy" in error;
}

/**
 * Creates the error of a rejected call. The error has a stack trace only if the breaker's options
 * require it.
 */
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
  const shared = `; shared in scope ${scope}`;
  if (isolatedBy !== null) {
    return `${shared}, isolated by ${isolatedBy} from ${since} until ${until}`;
  }
  const lasting = `${shared}, in this state since ${since}`;
  if (openedBy === null || failure === null) return lasting;
  const who = openedBy.run === null ? openedBy.host : `${openedBy.host} (${openedBy.run})`;
  return `${lasting}, opened by ${who} because of ${failure.rule}`;
}

function plainOrNull(text: string | null): string | null {
  return text === null ? null : plain(text, 500);
}

/**
 * Returns an ISO date. Limits the time to the valid range, because a store may send a time outside
 * it.
 */
function isoDate(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}
