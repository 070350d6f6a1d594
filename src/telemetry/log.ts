/** Writes events of breakers and fleets into a logger: pino, winston, `console`, or one like them. */

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

/** A logger whose methods take the message first: `console`, winston. */
export interface MessageLogger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
}

/** A logger whose methods take the fields first: pino, bunyan. */
export interface FieldsLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The part of a logger that `logTo` uses. */
export type Logger = MessageLogger | FieldsLogger;

/**
 * The arguments of a logger: `fields-first` is `(fields, message)` as pino and bunyan take it,
 * `message-first` is `(message, fields)` as winston takes it, `text` is the message alone.
 */
export type LogFormat = "auto" | "fields-first" | "message-first" | "text";

/** Options of `logTo`. */
export interface LogOptions {
  /** Whether to write the outcome of every call too, as debug entries. Default: false. */
  readonly calls?: boolean | undefined;
  /** Default: auto, which knows pino, bunyan and winston, and gives any other logger text. */
  readonly format?: LogFormat | undefined;
}

const OPTIONS = {
  calls: booleanField(false),
  format: wordField<LogFormat>("auto", ["auto", "fields-first", "message-first", "text"]),
};

/**
 * Logs the changes of a breaker, of all breakers of a registry, including later ones, or of the
 * shared circuits and the store of a fleet. A circuit that opens and a store that goes down are
 * warnings, other changes are information, rejections are debug entries. No entry contains the
 * message of an error, which may contain a secret.
 *
 * @returns A function that stops logging.
 *
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

/** Returns a function that writes an entry with the arguments in the logger's format. */
function writerTo(logger: Logger, format: LogFormat): Write {
  // TypeScript cannot know which order of arguments these methods take.
  const methods = logger as Record<LogEntry["level"], (...values: unknown[]) => void>;
  return ({ level, fields, message }) => {
    // Names come from users and other processes. A line break in one could forge a log entry.
    const text = withoutCommands(message.replace(LINE_BREAKS, " "));
    if (format === "fields-first") methods[level](fields, text);
    else if (format === "message-first") methods[level](text, fields);
    else methods[level](text);
  };
}

/**
 * Recognizes a logger by methods that only its library has. Child loggers inherit these methods.
 */
function formatOf(logger: Logger): LogFormat {
  const { bindings, addStream, configure, transports } = logger as unknown as Record<
    string,
    unknown
  >;
  if (typeof bindings === "function" || typeof addStream === "function") return "fields-first";
  return typeof configure === "function" && transports !== undefined ? "message-first" : "text";
}
