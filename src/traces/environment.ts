/** The part of the environment that tells where traces go, read for the user and written for the CLI. */

import { proxyVariable } from "./outbound-proxy.js";
import { isHttpUrl } from "./receiver/receiver-options.js";

/** An environment such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an environment sends traces: nowhere, to a collector that bodies can be passed on to, or to
 * one that must be left alone, because passing on would lose what the CLI itself would deliver. The
 * reason names variables, never their values.
 */
export type TraceCollector =
  | { readonly kind: "none" }
  | { readonly kind: "http"; readonly endpoint: string }
  | { readonly kind: "left-alone"; readonly reason: string };

/** The environment of a CLI whose spans are to be received. */
export interface EngineEnvironment {
  /** What to add to the environment of the CLI, and of it alone; empty without a witness. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether the CLI, started so, sends its spans to the receiver. */
  readonly witness: boolean;
  /** Why not; undefined when it does. Names variables, never their values. */
  readonly reason: string | undefined;
}

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const LOGS_ENDPOINT = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
const LOGS_PROTOCOL = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";
const SCHEDULE_DELAY = "OTEL_BSP_SCHEDULE_DELAY";
const SAMPLER = "OTEL_TRACES_SAMPLER";
const HTTP_PROTOBUF = "http/protobuf";

/** With its default of 5 s, spans would come long after the answers that they explain. */
const SCHEDULE_DELAY_MS = 100;
/** The samplers that take all there is. */
const TAKING_ALL: ReadonlySet<string> = new Set(["always_on", "parentbased_always_on"]);

/** What was said already in this process. */
const said = new Set<string>();

/**
 * Finds where an environment sends traces, as the CLI of Dagger reads it.
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is taken as it is, `/v1/traces` added when it has no path at
 * all; else `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces` added. Left alone is a collector that is
 * not spoken to by `http/protobuf`, has no http or https URL, or is reached with certificates or
 * through a proxy that the environment names.
 *
 * @example
 * ```ts
 * import { collectorOf } from "dagger-circuit-breaker/traces";
 *
 * const collector = collectorOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318/" });
 * console.assert(collector.kind === "http" && collector.endpoint === "http://otel:4318/v1/traces");
 * ```
 */
export function collectorOf(env: Environment): TraceCollector {
  return collectorFor("TRACES", [TRACES_ENDPOINT, ENDPOINT], env);
}

/**
 * Finds where an environment sends logs, as the CLI of Dagger reads it: to
 * `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` alone. `OTEL_EXPORTER_OTLP_ENDPOINT` by itself brings no logs.
 */
export function logCollectorOf(env: Environment): TraceCollector {
  return collectorFor("LOGS", [LOGS_ENDPOINT], env);
}

function collectorFor(
  signal: "TRACES" | "LOGS",
  endpoints: readonly string[],
  env: Environment,
): TraceCollector {
  const variable = endpoints.find((name) => isSet(env[name]));
  if (variable === undefined) return { kind: "none" };
  const protocols = [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, PROTOCOL];
  const protocol = protocols.find((name) => isSet(env[name]));
  if (protocol !== undefined && env[protocol]?.trim() !== HTTP_PROTOBUF) {
    return leftAlone(`${protocol} is not ${HTTP_PROTOBUF}`);
  }
  const given = (env[variable] ?? "").trim();
  if (!isHttpUrl(given)) return leftAlone(`${variable} is no http or https URL`);
  const url = new URL(given);
  const file = tlsFiles(signal).find((name) => isSet(env[name]));
  if (url.protocol === "https:" && file !== undefined) {
    return leftAlone(`${file} is set, and only the CLI uses it`);
  }
  const proxy = proxyVariable(url, env);
  if (proxy !== undefined) return leftAlone(`${proxy} is set, and only the CLI uses it`);
  if (variable === ENDPOINT || /^https?:\/\/[^/?#]*$/i.test(given)) {
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${signal.toLowerCase()}`;
  }
  return { kind: "http", endpoint: url.href };
}

/**
 * The variables with which a CLI sends its spans to a receiver. They are for the CLI alone: in the
 * process of an SDK they would start its own telemetry. The user's sampling is not touched.
 *
 * When the user's collector has to be left alone there are none, and no witness. That, and a sampler
 * that hides requests from the witness, is said once in a process as a warning (type
 * `CircuitBreakerWarning`, code `traces-left-alone` or `traces-sampled`).
 *
 * @param receiver A receiver that passes on to the endpoint of `collectorOf(env)`, if there is one.
 * @param env The environment that the CLI would have without us.
 *
 * @example
 * ```ts
 * import { collectorOf, engineEnvironment, startTraceReceiver } from "dagger-circuit-breaker/traces";
 *
 * const collector = collectorOf(process.env);
 * const forwardTo = collector.kind === "http" ? collector.endpoint : undefined;
 * const receiver = await startTraceReceiver({ forwardTo });
 * const { variables } = engineEnvironment(receiver, process.env);
 * console.log(Object.keys(variables));
 * await receiver.close();
 * ```
 */
export function engineEnvironment(
  receiver: { readonly endpoint: string },
  env: Environment,
): EngineEnvironment {
  const collector = collectorOf(env);
  if (collector.kind === "left-alone") {
    const { reason } = collector;
    sayOnce("traces-left-alone", `${reason}: its collector is left alone, traces are not read`);
    return { variables: {}, witness: false, reason };
  }
  const sampler = env[SAMPLER]?.trim() ?? "";
  if (sampler !== "" && !TAKING_ALL.has(sampler)) {
    sayOnce("traces-sampled", `${SAMPLER} is set: what is not sampled is told by its answer alone`);
  }
  const variables: Record<string, string> = {
    [TRACES_ENDPOINT]: receiver.endpoint,
    [TRACES_PROTOCOL]: HTTP_PROTOBUF,
  };
  if (!isLower(env[SCHEDULE_DELAY])) variables[SCHEDULE_DELAY] = `${SCHEDULE_DELAY_MS}`;
  return { variables, witness: true, reason: undefined };
}

/** The variables with which a CLI sends its logs to a receiver; they are for the CLI alone. */
export function logEnvironment(receiver: { readonly endpoint: string }): Record<string, string> {
  return { [LOGS_ENDPOINT]: receiver.endpoint, [LOGS_PROTOCOL]: HTTP_PROTOBUF };
}

/** Files that the CLI needs to reach its collector by TLS. */
function tlsFiles(signal: "TRACES" | "LOGS"): readonly string[] {
  return ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"].flatMap((name) => [
    `OTEL_EXPORTER_OTLP_${signal}_${name}`,
    `OTEL_EXPORTER_OTLP_${name}`,
  ]);
}

function isLower(delay: string | undefined): boolean {
  const text = delay?.trim() ?? "";
  return /^\d+$/.test(text) && Number(text) < SCHEDULE_DELAY_MS;
}

/** An empty variable counts as one that is not set, as OpenTelemetry has it. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== "";
}

function leftAlone(reason: string): TraceCollector {
  return { kind: "left-alone", reason };
}

function sayOnce(code: string, message: string): void {
  if (said.has(message)) return;
  said.add(message);
  process.emitWarning(message, { type: "CircuitBreakerWarning", code });
}
