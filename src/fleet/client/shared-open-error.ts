/** The rejection of a circuit that many processes share. */

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

/** Whose outcome opened a shared circuit. */
export type OpenedBy = Pick<Reporter, "host" | "run">;

/**
 * A shared circuit refused a call, because of what this or another process has met. `code` is
 * `"CIRCUIT_OPEN"`, as for a breaker of this process alone. Its texts come from whoever can write to
 * the store, so they hold no line breaks and no commands to a terminal.
 */
export class SharedCircuitOpenError extends CircuitBreakerOpenError {
  /** Who shares the circuit. */
  readonly scope: string;
  /** Since when it refuses, as an ISO date by the clock of this machine. */
  readonly since: string;
  /** Until when it refuses unless something happens before; null while it probes. */
  readonly until: string | null;
  /** The process whose failure it opened for; null when nobody's failure did. */
  readonly openedBy: OpenedBy | null;
  /** That failure. */
  readonly failure: SharedFailure | null;
  /** Who isolated it; null when nobody did. */
  readonly isolatedBy: string | null;

  /**
   * @param snapshot How the circuit stands at this moment.
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

/** Whether `error` is a {@link SharedCircuitOpenError} of this or of another copy of the package. */
export function isSharedCircuitOpenError(error: unknown): error is SharedCircuitOpenError {
  return isCircuitBreakerOpenError(error) && "scope" in error && "openedBy" in error;
}

/** Makes the rejection; a stack is taken only where the options of the breaker ask for one. */
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

/** A date that a store made up may be beyond all dates. */
function isoDate(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}
