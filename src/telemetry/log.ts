/** Writes events of breakers and fleets to a logger, such as pino, winston or `console`. */

import { withoutCommands } from "../attribution/ci-commands.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { OutcomeEvent } from "../breaker/events.js";
import type { Fleet } from "../fleet/client/fleet.js";
import { booleanField, checkFunction, readOptions, wordField } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { attachToAll, isFleet, runAll } from "./attach.js";
import {
  changeEntry,
  type LogEntry,
  outcomeEntry,
  rejectionEntry,
  sharedChangeEntry,
  storeDownEntry,
  storeUpEntry,
} from "./log-entries.js";

/** A logger whose methods take the message first, such as `console` and winston. */
export interface MessageLogger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
}

/** A logger whose methods take the fields first, such as pino and bunyan. */
export interface FieldsLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The part of a logger that `logTo` uses. */
export type Logger = MessageLogger | FieldsLogger;

/**
 * The arguments that the methods of a logger take.
 *
 * - `fields-first`: `(fields, message)`, as for pino and bunyan
 * - `message-first`: `(message, fields)`, as for winston
 * - `text`: the message alone
 * - `auto`: the format of pino, bunyan and winston when the logger is from one of them, else `text`
 */
export type LogFormat = "auto" | "fields-first" | "message-first" | "text";

/** Options of `logTo`. */
export interface LogOptions {
  /** Whether to log the outcome of every call as a debug entry. Default: false. */
  readonly calls?: boolean | undefined;
  /** The arguments that the logger takes. Default: `auto`. */
  readonly format?: LogFormat | undefined;
}

const OPTIONS = {
  calls: booleanField(false),
  format: wordField<LogFormat>("auto", ["auto", "fields-first", "message-first", "text"]),
};

/**
 * Logs the events of a breaker, of all existing and future breakers of a registry, or of a fleet. A fleet
 * logs its shared circuits and its store.
 *
 * A circuit that opens and a store that goes down are warnings. Other changes are information, and
 * rejections are debug entries. No entry contains the message of an error, because that can contain a
 * secret.
 *
 * @returns A function that stops logging.
 * @example
 * ```ts
 * import { CircuitBreaker, logTo } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * const stop = logTo(breaker, console);
 * stop();
 * ```
 */
export function logTo(
  source: CircuitBreaker | Registry | Fleet,
  logger: Logger,
  options?: LogOptions,
): () => void {
  const { calls, format } = readOptions("logTo", options, OPTIONS);
  for (const level of ["debug", "info", "warn"] as const) {
    checkFunction(logger?.[level], `logger.${level}`);
  }
  const write = writerTo(logger, format === "auto" ? formatOf(logger) : format);
  if (isFleet(source)) return logFleet(source, write);
  return attachToAll(source, (breaker) => {
    const outcome = (event: OutcomeEvent) => write(outcomeEntry(event));
    const names = ["success", "failure", "ignored", "late"] as const;
    return [
      breaker.on("stateChange", (event) => write(changeEntry(event))),
      breaker.on("rejected", (event) => write(rejectionEntry(event))),
      ...(calls ? names.map((name) => breaker.on(name, outcome)) : []),
    ];
  });
}

const LINE_BREAKS = /[\p{Cc}\u2028\u2029]+/gu;

type Write = (entry: LogEntry) => void;

function logFleet(fleet: Fleet, write: Write): () => void {
  let dropped = fleet.getMetrics().droppedCount;
  const offs = [
    fleet.on("change", (event) => write(sharedChangeEntry(event))),
    fleet.on("rejected", (event) => write(rejectionEntry(event))),
    fleet.on("storeDown", (event) => write(storeDownEntry(event))),
    fleet.on("storeUp", (event) => {
      const before = dropped;
      dropped = fleet.getMetrics().droppedCount;
      write(storeUpEntry(event, dropped - before));
    }),
  ];
  return () => runAll(offs);
}

/** Returns a function that writes an entry in the logger's format. */
function writerTo(logger: Logger, format: LogFormat): Write {
  // TypeScript cannot know the order of the arguments that these methods take.
  const methods = logger as Record<LogEntry["level"], (...values: unknown[]) => void>;
  return ({ level, fields, message }) => {
    // Names come from users and other processes, and a line break in a name could forge a log entry.
    const text = withoutCommands(message.replace(LINE_BREAKS, " "));
    if (format === "fields-first") methods[level](fields, text);
    else if (format === "message-first") methods[level](text, fields);
    else methods[level](text);
  };
}

/**
 * Recognizes a logger by methods that only its library has. A child logger can have another class, but it
 * inherits these methods.
 */
function formatOf(logger: Logger): LogFormat {
  const { bindings, addStream, configure, transports } = logger as unknown as Record<
    string,
    unknown
  >;
  if (typeof bindings === "function" || typeof addStream === "function") return "fields-first";
  return typeof configure === "function" && transports !== undefined ? "message-first" : "text";
}
