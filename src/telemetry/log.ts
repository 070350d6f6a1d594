/** Writes what happens to breakers into anything that looks like `console`. */

import { withoutCommands } from "../attribution/ci-commands.js";
import { kindOf } from "../breaker/announce.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { CircuitState } from "../breaker/circuit-state.js";
import type { OutcomeEvent, RejectedEvent, StateChangeEvent } from "../breaker/events.js";
import { booleanField, checkFunction, readOptions } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { attachToAll } from "./attach.js";

/** The part of `console` that is used; pino and winston have it too. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

/** What `logTo` can be told. */
export interface LogOptions {
  /** Whether the outcome of every call is written as well, as debug lines. Default: false. */
  readonly calls?: boolean | undefined;
}

/**
 * Logs the changes of state of a breaker, or of all breakers of a registry, those to come included:
 * a circuit that opens as a warning, other changes as information, rejections as debug lines. No
 * line holds the message of an error, which may hold a secret.
 *
 * @returns How to stop.
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
  source: CircuitBreaker | Registry,
  logger: Logger,
  options?: LogOptions,
): () => void {
  const { calls } = readOptions("logTo", options, { calls: booleanField(false) });
  for (const level of ["debug", "info", "warn"] as const) {
    checkFunction(logger?.[level], `logger.${level}`);
  }
  return attachToAll(source, (breaker) => {
    const outcome = (event: OutcomeEvent) => logger.debug(withoutCommands(outcomeLine(event)));
    const names = ["success", "failure", "ignored", "late"] as const;
    return [
      breaker.on("stateChange", (event) => {
        const opens = event.to === CircuitState.Open && event.control === "automatic";
        logger[opens ? "warn" : "info"](withoutCommands(changeLine(event)));
      }),
      breaker.on("rejected", (event) => logger.debug(withoutCommands(rejectionLine(event)))),
      ...(calls ? names.map((name) => breaker.on(name, outcome)) : []),
    ];
  });
}

function changeLine(event: StateChangeEvent): string {
  const { breakerName, from, to, control, reason, retryAfterMs, error } = event;
  const steered = control === "automatic" ? "" : `, ${control}`;
  const wait = retryAfterMs === undefined ? "" : `, probes in ${seconds(retryAfterMs)}`;
  const last = error === undefined ? "" : `, last failure: ${kindOf(error)}`;
  return `circuit breaker "${breakerName}": ${from} -> ${to} (${reason}${steered}${wait}${last})`;
}

function rejectionLine({ breakerName, error }: RejectedEvent): string {
  const wait = error.retryAfterMs === undefined ? "" : `, retry in ${seconds(error.retryAfterMs)}`;
  return `circuit breaker "${breakerName}": rejected (${error.reason}${wait})`;
}

function outcomeLine({ breakerName, outcome, durationMs, generation }: OutcomeEvent): string {
  const took = durationMs === undefined ? "" : ` after ${Math.round(durationMs)} ms`;
  return `circuit breaker "${breakerName}": ${outcome}${took} (generation ${generation})`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}
