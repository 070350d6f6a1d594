/** Sends the changes of circuits and stores as events of OpenTelemetry, which are log records with a name. */

import { kindOfFailure } from "../../breaker/tallies.js";
import type { Fleet } from "../../fleet/client/fleet.js";
import type { Registry } from "../../registry/registry.js";
import { attachToAll, isFleet, runAll } from "../attach.js";
import {
  changeEntry,
  type LogEntry,
  sharedChangeEntry,
  storeDownEntry,
  storeUpEntry,
} from "../log-entries.js";
import {
  CONTROL,
  ERROR_TYPE,
  FROM,
  NAME,
  REASON,
  SCOPE,
  STORE_KIND,
  TO,
} from "../metrics/instruments.js";
import { wordOf } from "../metrics/point.js";
import type { EventRecord, LoggerLike } from "./otel-api.js";

/** The names of the events. */
export const EVENTS = {
  transition: "dagger_breaker.circuit.transition",
  sharedTransition: "dagger_breaker.shared.circuit.transition",
  storeDown: "dagger_breaker.store.down",
  storeUp: "dagger_breaker.store.up",
} as const;

/** The attribute for each field of a log entry. Words are spelled as in metrics, and times are in seconds. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  breaker: NAME,
  scope: SCOPE,
  from: FROM,
  to: TO,
  reason: REASON,
  control: CONTROL,
  generation: "dagger_breaker.circuit.generation",
  retryAfterMs: "dagger_breaker.circuit.retry_after",
  failure: ERROR_TYPE,
  host: "dagger_breaker.reporter.host",
  run: "dagger_breaker.reporter.run",
  owner: "dagger_breaker.owner",
  store: STORE_KIND,
  problem: "dagger_breaker.store.problem",
  downMs: "dagger_breaker.store.down_time",
  droppedCount: "dagger_breaker.store.dropped_outcomes",
};
const WORDS: readonly string[] = ["from", "to", "reason"];
const SEVERITY = { debug: 5, info: 9, warn: 13 } as const;

/**
 * Sends the changes of a registry's breakers or of a fleet as events. For a fleet, it sends only the shared
 * changes that this process caused, so that each change is sent once. It also sends when the fleet's store
 * goes down or comes back.
 *
 * @returns A function that stops sending.
 */
export function sendTransitions(source: Registry | Fleet, logger: LoggerLike): () => void {
  let stopped = false;
  const emit = (name: string, entry: LogEntry, more?: LogEntry["fields"]) => {
    if (!stopped) logger.emit(recordOf(name, entry, more));
  };
  const off = isFleet(source) ? attachToFleet(source, emit) : attachToRegistry(source, emit);
  return () => {
    // Evicted breakers keep their listeners, so a flag must stop these listeners.
    stopped = true;
    off();
  };
}

type Emit = (name: string, entry: LogEntry, more?: LogEntry["fields"]) => void;

function attachToRegistry(registry: Registry, emit: Emit): () => void {
  return attachToAll(registry, (breaker) => [
    breaker.on("stateChange", (event) => {
      const failure = event.error === undefined ? undefined : kindOfFailure(event.error).type;
      emit(EVENTS.transition, changeEntry(event), failure === undefined ? {} : { failure });
    }),
  ]);
}

function attachToFleet(fleet: Fleet, emit: Emit): () => void {
  const offs = [
    fleet.on("change", (event) => {
      if (event.change !== null) emit(EVENTS.sharedTransition, sharedChangeEntry(event));
    }),
    fleet.on("storeDown", (event) => {
      const { reason: problem } = event;
      emit(EVENTS.storeDown, storeDownEntry(event), { reason: undefined, problem });
    }),
    fleet.on("storeUp", (event) =>
      emit(EVENTS.storeUp, storeUpEntry(event, fleet.getMetrics().droppedCount)),
    ),
  ];
  return () => runAll(offs);
}

function recordOf(
  eventName: string,
  { level, fields, message }: LogEntry,
  more: LogEntry["fields"] = {},
): EventRecord {
  const { counts, ...rest } = { ...fields, ...more } as Record<string, unknown>;
  const attributes: EventRecord["attributes"] = {};
  const add = (name: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number") attributes[name] = value;
  };
  for (const [field, value] of Object.entries(rest)) {
    const name = ATTRIBUTES[field];
    if (name === undefined) continue;
    const inSeconds = field.endsWith("Ms") && typeof value === "number";
    const asWord = WORDS.includes(field) && typeof value === "string";
    add(name, inSeconds ? value / 1000 : asWord ? wordOf(value) : value);
  }
  for (const [field, value] of Object.entries(counts ?? {})) {
    add(`dagger_breaker.counts.${snakeCase(field)}`, value);
  }
  return {
    eventName,
    severityNumber: SEVERITY[level],
    severityText: level.toUpperCase(),
    body: message,
    attributes,
  };
}

function snakeCase(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
