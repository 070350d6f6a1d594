/** Finds in the environment of a CLI where it sends its spans. */

import { collectorOf, type Environment } from "../../../traces/environment.js";
import type { ExportTarget } from "./exporter.js";

const DEFAULT_SCHEDULE_DELAY_MS = 5_000;

/**
 * Reads the variables that the dagger CLI reads: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_EXPORTER_OTLP_HEADERS` (it ignores the
 * variable for traces only) and `OTEL_TRACES_SAMPLER` with its argument.
 *
 * @returns undefined if the environment names no endpoint with the protocol `http/protobuf`.
 */
export function exportTargetOf(env: Environment): ExportTarget | undefined {
  const collector = collectorOf(env);
  if (collector.kind !== "http") return undefined;
  return {
    endpoint: collector.endpoint,
    headers: readHeaders(env.OTEL_EXPORTER_OTLP_HEADERS),
    scheduleDelayMs: readDelay(env.OTEL_BSP_SCHEDULE_DELAY),
    samples: readSampler(env.OTEL_TRACES_SAMPLER, env.OTEL_TRACES_SAMPLER_ARG),
  };
}

/** Returns where spans are sent for a session that was opened in this process, without a CLI. */
export function plainTarget({
  endpoint,
  scheduleDelayMs = DEFAULT_SCHEDULE_DELAY_MS,
}: {
  readonly endpoint: string;
  readonly scheduleDelayMs?: number;
}): ExportTarget {
  return { endpoint, scheduleDelayMs, headers: {}, samples: () => true };
}

function readDelay(text = ""): number {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : DEFAULT_SCHEDULE_DELAY_MS;
}

/** Parses the value of `OTEL_EXPORTER_OTLP_HEADERS`. */
export function readHeaders(text = ""): Record<string, string> {
  const pairs = text.split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    return at > 0 && /^[\w!#$%&'*+.^`|~-]+$/.test(name)
      ? [[name, decoded(pair.slice(at + 1).trim())] as const]
      : [];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns the sampler of a CLI. A ratio is applied to the trace id, as OpenTelemetry for Go does, so that
 * all processes decide the same.
 */
function readSampler(sampler = "", ratio = ""): (traceId: string) => boolean {
  switch (sampler.trim()) {
    case "always_off":
      return () => false;
    case "traceidratio":
    case "parentbased_traceidratio": {
      const share = ratio.trim() === "" ? 1 : Number(ratio);
      if (!(share >= 0 && share < 1)) return () => true;
      const bound = BigInt(Math.floor(share * 2 ** 63));
      return (traceId) => BigInt(`0x${traceId.slice(16)}`) >> 1n < bound;
    }
    default:
      return () => true;
  }
}
