/** Sends spans to an OTLP endpoint in batches, as the dagger CLI does. */

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { encodeSpans, type OwnSpan } from "../../../traces/otlp/encode.js";
import type { SpanSink } from "./request-span.js";

/** Where spans are sent, and how often. */
export interface ExportTarget {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly scheduleDelayMs: number;
  /** Returns whether the spans of a trace are sent. */
  readonly samples: (traceId: string) => boolean;
}

/** The largest batch and the longest queue, as OpenTelemetry sets them by default. */
const LARGEST_BATCH = 512;
const LONGEST_QUEUE = 2_048;
/** The longest time that a collector may take for one batch. */
const POST_TIMEOUT_MS = 5_000;

const RESOURCE = {
  "service.name": "unknown_service:dagger-engine",
  "telemetry.sdk.language": "go",
  "telemetry.sdk.name": "opentelemetry",
  "telemetry.sdk.version": "1.43.0",
};

/** Collects spans and sends them. If a post fails, its spans are lost. */
export class SpanExporter implements SpanSink {
  readonly #target: ExportTarget;
  #queue: OwnSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #abandoned = false;

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  add(span: OwnSpan): void {
    if (this.#abandoned || !this.#target.samples(span.trace)) return;
    if (this.#queue.length >= LONGEST_QUEUE) return;
    this.#queue.push(span);
    if (this.#queue.length >= LARGEST_BATCH) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#target.scheduleDelayMs).unref();
  }

  /** Sends all spans. Resolves when they are sent or lost. Never rejects. */
  async flush(): Promise<void> {
    // Also sends spans that arrive while a batch is sent.
    while (this.#queue.length > 0 || this.#sending !== undefined) {
      this.#begin();
      await this.#sending;
    }
  }

  abandon(): void {
    this.#abandoned = true;
    this.#queue = [];
    clearTimeout(this.#timer);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, LARGEST_BATCH);
      await this.#post(Buffer.from(encodeSpans(batch, RESOURCE)));
    }
  }

  #post(body: Buffer): Promise<void> {
    const { endpoint, headers } = this.#target;
    const request = endpoint.startsWith("https:") ? httpsRequest : httpRequest;
    return new Promise((resolve) => {
      const sent = request(endpoint, {
        method: "POST",
        // A connection of its own, so that no idle connection outlives the session.
        agent: false,
        signal: AbortSignal.timeout(POST_TIMEOUT_MS),
        headers: {
          ...headers,
          "content-type": "application/x-protobuf",
          "content-length": body.length,
        },
      });
      sent.on("response", (response) => response.resume());
      sent.on("error", () => resolve());
      sent.on("close", () => resolve());
      sent.end(body);
    });
  }
}
