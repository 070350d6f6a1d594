/** The options of a receiver of traces, and their validation. */

import {
  type Field,
  MILLISECONDS,
  numberField,
  readOptions,
  readRecord,
  show,
} from "../../options/check.js";
import type { OwnAttribute } from "../otlp/encode.js";

/** The options of a receiver of traces. */
export interface TraceReceiverOptions {
  /**
   * The http or https URL of the user's collector, such as `collectorOf` returns. Every body is forwarded
   * to it unchanged. Default: none.
   */
  readonly forwardTo?: string | undefined;
  /**
   * The largest body in bytes, 1 to 268,435,456. Limits both the compressed and the decompressed size. A
   * larger body is answered with status 413 and not forwarded. Default: 16,777,216 (16 MiB).
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * The most connections at the same time, 1 to 10,000. Only connections that have sent the token count.
   * Others are closed after 5 seconds. Default: 64.
   */
  readonly maxConnections?: number | undefined;
  /**
   * The most bytes in the queue for the collector, 1 to 1,073,741,824. Bodies beyond the limit are dropped
   * and counted. Default: 33,554,432 (32 MiB).
   */
  readonly maxQueueBytes?: number | undefined;
  /** The most bodies in the queue for the collector, 1 to 100,000. Default: 1,000. */
  readonly maxQueuedBodies?: number | undefined;
  /**
   * How long `close` waits for the queue to be forwarded, in milliseconds, 0 to 2,147,483,647. Default:
   * 2,000.
   */
  readonly closeTimeoutMs?: number | undefined;
  /**
   * The OTLP resource of the spans given to `addOwn`. Default: only `service.name`, with the value
   * `dagger-circuit-breaker`.
   */
  readonly resourceAttributes?: Readonly<Record<string, OwnAttribute>> | undefined;
}

const MIB = 1_048_576;

/** An option for a URL. Its error messages leave out the value, because a collector's URL may contain a key. */
const urlField: Field<string | undefined> = {
  absent: undefined,
  read(value, label) {
    if (typeof value !== "string")
      throw new TypeError(`${label} is of type ${typeof value}, expected a URL`);
    if (isHttpUrl(value)) return value;
    throw new RangeError(`${label} is not an http or https URL`);
  },
};

const attributesField: Field<Readonly<Record<string, OwnAttribute>>> = {
  absent: { "service.name": "dagger-circuit-breaker" },
  read(value, label) {
    const attributes = readRecord(value, label);
    for (const [name, attribute] of Object.entries(attributes)) {
      if (["string", "number", "boolean"].includes(typeof attribute)) continue;
      throw new TypeError(
        `${label}: ${show(name)} is ${show(attribute)}, expected a text, number or boolean`,
      );
    }
    return { ...(attributes as Record<string, OwnAttribute>) };
  },
};

const FIELDS = {
  forwardTo: urlField,
  maxBodyBytes: numberField(16 * MIB, { min: 1, max: 256 * MIB, whole: true, of: "bytes" }),
  maxConnections: numberField(64, { min: 1, max: 10_000, whole: true }),
  maxQueueBytes: numberField(32 * MIB, { min: 1, max: 1024 * MIB, whole: true, of: "bytes" }),
  maxQueuedBodies: numberField(1000, { min: 1, max: 100_000, whole: true }),
  closeTimeoutMs: numberField(2000, MILLISECONDS),
  resourceAttributes: attributesField,
};

/** The validated options of a receiver, with defaults filled in. */
export type ReceiverSettings = ReturnType<typeof readReceiverOptions>;

/** Validates the options of a receiver. Throws a TypeError or RangeError that names the invalid option. */
export function readReceiverOptions(given: unknown) {
  return readOptions("startTraceReceiver", given, FIELDS);
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
