/** Turns events into log entries: a level, fields for programs, and a message for people. */

import { kindOf } from "../breaker/announce.js";
import { CircuitState } from "../breaker/circuit-state.js";
import type {
  OutcomeEvent,
  RejectedEvent,
  StateChangeEvent,
  StateChangeReason,
} from "../breaker/events.js";
import type { TripSnapshot } from "../breaker/trip/trip-policy.js";
import type {
  FleetChangeEvent,
  StoreDownEvent,
  StoreUpEvent,
} from "../fleet/client/fleet-events.js";
import type { FleetChangeReason } from "../fleet/rules/reply.js";

/** An entry of a log. It never contains the message of an error, because that can contain a secret. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

const REASONS: Readonly<Record<StateChangeReason | FleetChangeReason, string>> = {
  tripped: "failure threshold reached",
  "opened-at-once": "a failure that opens the circuit at once",
  "open-time-over": "reset timeout over",
  "probe-succeeded": "probe succeeded",
  "probe-failed": "probe failed",
  "probe-slow": "probe was slow",
  isolate: "isolated by hand",
  "isolation-over": "isolation over",
  observe: "set to observe by hand",
  disable: "disabled by hand",
  release: "released by hand",
  reset: "reset by hand",
};

/** Describes a change of a breaker. Its level is `warn` only when the circuit opened because of failures. */
export function changeEntry(event: StateChangeEvent): LogEntry {
  const { breakerName, from, to, control, reason, generation, retryAfterMs, error, trip } = event;
  const why = reason === "tripped" && trip !== undefined ? tripText(trip) : REASONS[reason];
  const failure = error === undefined ? undefined : kindOf(error);
  const details = [
    retryAfterMs === undefined ? "" : `next probe in ${seconds(retryAfterMs)}`,
    failure === undefined ? "" : `last failure: ${failure}`,
  ];
  return {
    level: to === CircuitState.Open && control === "automatic" ? "warn" : "info",
    fields: given({
      event: "stateChange",
      breaker: breakerName,
      from,
      to,
      control,
      reason,
      generation,
      retryAfterMs,
      counts: trip,
      failure,
    }),
    message: `circuit "${breakerName}" ${became(from, to)}: ${why}${inParentheses(details)}`,
  };
}

/** Describes a rejected call. */
export function rejectionEntry({ breakerName, error }: RejectedEvent): LogEntry {
  const { state, reason, retryAfterMs, generation } = error;
  const wait = retryAfterMs === undefined ? "" : `retry in ${seconds(retryAfterMs)}`;
  return {
    level: "debug",
    fields: given({
      event: "rejected",
      breaker: breakerName,
      state,
      reason,
      generation,
      retryAfterMs,
    }),
    message: `circuit "${breakerName}" rejected a call: ${reason}${inParentheses([wait])}`,
  };
}

/** Describes the outcome of a call. */
export function outcomeEntry(event: OutcomeEvent): LogEntry {
  const { breakerName, outcome, generation, error } = event;
  const durationMs = event.durationMs === undefined ? undefined : Math.round(event.durationMs);
  const took = durationMs === undefined ? "" : ` after ${durationMs} ms`;
  return {
    level: "debug",
    fields: given({
      event: outcome,
      breaker: breakerName,
      generation,
      durationMs,
      failure: error === undefined ? undefined : kindOf(error),
    }),
    message: `circuit "${breakerName}": ${outcome}${took} (generation ${generation})`,
  };
}

/** Describes a change of a shared circuit. Any process of the fleet may have caused the change. */
export function sharedChangeEntry({ scope, name, snapshot, change }: FleetChangeEvent): LogEntry {
  const { isolation, generation, counts } = snapshot;
  const isIsolated = isolation !== null;
  const to = isIsolated ? CircuitState.Open : snapshot.state;
  const remainingMs = isolation?.remainingMs ?? snapshot.retryAfterMs;
  const retryAfterMs = to === CircuitState.Closed ? undefined : remainingMs;
  const details = [
    retryAfterMs === undefined ? "" : `retry in ${seconds(retryAfterMs)}`,
    change?.by == null ? "" : `by ${change.by.host}`,
    change?.owner == null ? "" : `by ${change.owner}`,
  ];
  const why = change === null ? "" : `: ${REASONS[change.reason]}`;
  const verb = change === null ? `is ${to}` : became(change.from, to);
  return {
    level: to === CircuitState.Open && !isIsolated ? "warn" : "info",
    fields: given({
      event: "sharedChange",
      scope,
      breaker: name,
      from: change?.from,
      to,
      control: isIsolated ? "isolated" : "automatic",
      reason: change?.reason,
      generation,
      retryAfterMs,
      counts,
      host: change?.by?.host,
      run: change?.by?.run ?? undefined,
      owner: change?.owner ?? undefined,
    }),
    message: `shared circuit "${name}" ${verb}${why}${inParentheses(details)}`,
  };
}

/** Describes a store that no longer answers. */
export function storeDownEntry({ store, reason }: StoreDownEvent): LogEntry {
  return {
    level: "warn",
    fields: { event: "storeDown", store, reason },
    message: `the store of shared circuits (${store}) is down: ${reason}; this process decides alone`,
  };
}

/** Describes a store that answers again. The level is `warn` when some outcomes never reached the store. */
export function storeUpEntry({ store, downMs }: StoreUpEvent, droppedCount: number): LogEntry {
  const dropped = `${count(droppedCount, "outcome")} of this process could not be reported`;
  return {
    level: droppedCount > 0 ? "warn" : "info",
    fields: { event: "storeUp", store, downMs, droppedCount },
    message: `the store of shared circuits (${store}) answers again after ${seconds(downMs)}${inParentheses([droppedCount > 0 ? dropped : ""])}`,
  };
}

function became(from: string, to: string): string {
  if (from === to) return `stays ${to}`;
  return to === CircuitState.Open ? "opened" : to === CircuitState.Closed ? "closed" : `is ${to}`;
}

function tripText(trip: TripSnapshot): string {
  switch (trip.policy) {
    case "consecutive":
      return count(trip.consecutiveFailures, "consecutive failure");
    case "badSeconds":
      return `${count(trip.badSeconds, "bad second")} in a row`;
    case "failures":
      return count(trip.failures, "failure");
    case "failureRate": {
      const slow = trip.slowCalls === 0 ? "" : `, ${trip.slowCalls} slow`;
      return `${trip.failures} of ${count(trip.calls, "call")} failed${slow}`;
    }
  }
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? "" : "s"}`;
}

function inParentheses(details: readonly string[]): string {
  const parts = details.filter((detail) => detail !== "");
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** Returns the fields that have a value. JSON would leave out the others too. */
function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}
