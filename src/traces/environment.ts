/**
 * Finds where an environment sends traces and logs. Creates variables that send them to our receiver
 * instead.
 */

import { warnOnce } from "../options/warn-once.js";
import { proxyVariable } from "./outbound-proxy.js";
import { isHttpUrl } from "./receiver/receiver-options.js";

/** An environment such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an environment sends traces.
 *
 * - `none`: nowhere
 * - `http`: to a collector to which we can forward
 * - `left-alone`: to a collector to which we cannot forward without losing data. `reason` contains names of
 * variables, but never their values.
 */
export type TraceCollector =
  | { readonly kind: "none" }
  | { readonly kind: "http"; readonly endpoint: string }
  | { readonly kind: "left-alone"; readonly reason: string };

/** The environment for a CLI whose spans we want to receive. */
export interface EngineEnvironment {
  /**
   * Variables to add to the environment of the CLI. Empty when the CLI sends us no spans. Set them for no
   * other process.
   */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether a CLI with these variables sends its spans to our receiver. */
  readonly witness: boolean;
  /**
   * Why the CLI sends us no spans; undefined when it does. Contains names of variables, but never their
   * values.
   */
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

/**
 * How long the CLI collects spans before it sends them. Its default is 5 s, so spans would arrive long
 * after the answers.
 */
const SCHEDULE_DELAY_MS = 100;
/** The samplers that record every trace. */
const RECORDING_ALL: ReadonlySet<string> = new Set(["always_on", "parentbased_always_on"]);

/**
 * Finds where an environment sends traces, by the rules of Dagger's CLI.
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` takes precedence, and gets the path `/v1/traces` when it has no
 * path. Otherwise `/v1/traces` is added to `OTEL_EXPORTER_OTLP_ENDPOINT`.
 *
 * A collector is left alone in three cases. Its protocol is not `http/protobuf`. Its URL is not an http or
 * https URL. Or the environment names certificates or a proxy for the connection.
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
 * Finds where an environment sends logs, by the rules of Dagger's CLI. The CLI sends logs only to
 * `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`, and ignores `OTEL_EXPORTER_OTLP_ENDPOINT` for logs.
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
  if (!isHttpUrl(given)) return leftAlone(`${variable} is not an http or https URL`);
  const url = new URL(given);
  const file = tlsFiles(signal).find((name) => isSet(env[name]));
  if (url.protocol === "https:" && file !== undefined) {
    return leftAlone(`${file} is set, but only the CLI can use it`);
  }
  const proxy = proxyVariable(url, env);
  if (proxy !== undefined) return leftAlone(`${proxy} is set, but only the CLI can use it`);
  if (variable === ENDPOINT || /^https?:\/\/[^/?#]*$/i.test(given)) {
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${signal.toLowerCase()}`;
  }
  return { kind: "http", endpoint: url.href };
}

/**
 * Returns the variables that make a CLI send its spans to a receiver. The user's sampling stays as it is.
 * Set the variables only for the CLI: in your own process they would start the telemetry of the SDK.
 *
 * When the user's collector must be left alone, there are no variables, and no spans arrive. This case
 * causes one warning per process (type `CircuitBreakerWarning`, code `traces-left-alone`). So does a
 * sampler that leaves out requests (code `traces-sampled`).
 *
 * @param receiver A receiver that forwards to the endpoint of `collectorOf(env)`, if there is one.
 * @param env The environment that the CLI would have without these variables.
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
    warnOnce(
      "traces-left-alone",
      `${reason}, so traces still go to your collector directly and are not read here`,
    );
    return { variables: {}, witness: false, reason };
  }
  const sampler = env[SAMPLER]?.trim() ?? "";
  if (sampler !== "" && !RECORDING_ALL.has(sampler)) {
    warnOnce(
      "traces-sampled",
      `${SAMPLER} is set: requests that are not sampled are classified by their answers alone`,
    );
  }
  const variables: Record<string, string> = {
    [TRACES_ENDPOINT]: receiver.endpoint,
    [TRACES_PROTOCOL]: HTTP_PROTOBUF,
  };
  if (!isLower(env[SCHEDULE_DELAY])) variables[SCHEDULE_DELAY] = `${SCHEDULE_DELAY_MS}`;
  return { variables, witness: true, reason: undefined };
}

/** Returns the variables that make a CLI send its logs to a receiver. Set them only for the CLI. */
export function logEnvironment(receiver: { readonly endpoint: string }): Record<string, string> {
  return { [LOGS_ENDPOINT]: receiver.endpoint, [LOGS_PROTOCOL]: HTTP_PROTOBUF };
}

/** Returns the variables that name certificate files for the connection to a collector. */
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

/** Returns whether a variable has a value. For OpenTelemetry, an empty variable is not set. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== "";
}

function leftAlone(reason: string): TraceCollector {
  return { kind: "left-alone", reason };
}
