/**
 * Forwards bodies to the user's collector from a bounded queue, so that a slow collector does not delay the
 * exporter.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../breaker/clock.js";
import { warnOnce } from "../../options/warn-once.js";
import { type Backoff, backoffMs } from "../../policies/retry/backoff.js";
import { encodeSpans, type OwnAttribute, type OwnSpan } from "../otlp/encode.js";
import { headersForOwnBody, headersToPassOn, type PassedHeaders } from "./headers.js";
import { Collector, type PostResult } from "./post.js";
import { MAX_RETRY_AFTER_MS, RETRYABLE } from "./retry-policy.js";

/** The options of a forwarder. */
export interface ForwarderOptions {
  /** The http or https URL of the collector. */
  readonly endpoint: string;
  /** The most bytes in the queue. Counts bodies and headers, including the body that is being sent. */
  readonly maxQueueBytes: number;
  readonly maxQueuedBodies: number;
  /** The contents of the bodies, for the warning about lost bodies. Default: traces. */
  readonly contents?: "traces" | "logs";
  /** The OTLP resource of this package's own spans, such as `service.name`. */
  readonly resourceAttributes: Readonly<Record<string, OwnAttribute>>;
  readonly tryTimeoutMs: number;
  readonly maxTries: number;
  readonly backoff: Backoff;
  readonly random: Random;
}

/** Counters of forwarded, retried and lost bodies, and of this package's own spans. */
export interface ForwarderMetrics {
  readonly forwarded: number;
  readonly retried: number;
  readonly dropped: number;
  readonly queuedBodies: number;
  readonly queuedBytes: number;
  readonly ownSpans: number;
  readonly ownSpansDropped: number;
}

interface QueuedBody {
  readonly body: Uint8Array;
  readonly headers: PassedHeaders;
  readonly bytes: number;
}

const MAX_OWN_SPANS = 2048;
const CLOSED = "the receiver was closed before the collector took them";

/**
 * Sends one body at a time, in the order of arrival. Headers contain the user's credentials. They are kept
 * only as long as their body, and no metric, warning or error contains them.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #collector: Collector;
  readonly #queue: QueuedBody[] = [];
  readonly #closed = new AbortController();
  #own: OwnSpan[] = [];
  #working: Promise<void> | undefined;
  #queuedBytes = 0;
  #forwarded = 0;
  #retried = 0;
  #dropped = 0;
  #ownSpans = 0;
  #ownSpansDropped = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#collector = new Collector(options.endpoint);
  }

  /** Queues a body unchanged. Drops the body when the queue is full or the forwarder is closed. */
  add(body: Uint8Array, rawHeaders: readonly string[]): void {
    const { maxQueueBytes, maxQueuedBodies } = this.#options;
    const bytes = rawHeaders.reduce((sum, text) => sum + text.length, body.length);
    const full = this.#queue.length >= maxQueuedBodies || this.#queuedBytes + bytes > maxQueueBytes;
    if (full || this.#closed.signal.aborted) {
      this.#drop(full ? "the queue is full" : CLOSED);
      return;
    }
    this.#queue.push({ body, headers: headersToPassOn(rawHeaders), bytes });
    this.#queuedBytes += bytes;
    this.#working ??= this.#work();
  }

  /**
   * Keeps one of our own spans until the next body has been forwarded. The span is then sent with the
   * headers of that body, because the collector needs the user's credentials. Credentials are not kept any
   * longer than their body.
   */
  addOwn(span: OwnSpan): void {
    if (this.#own.length < MAX_OWN_SPANS && !this.#closed.signal.aborted) this.#own.push(span);
    else this.#ownSpansDropped++;
  }

  /** Resolves when the queue is empty. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Drops the queue, and aborts the body that is being sent. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#collector.close();
    this.#ownSpansDropped += this.#own.length;
    this.#own = [];
    // The first body is already being sent. It fails now, and the code that sends it counts it as lost.
    for (const { bytes } of this.#queue.splice(1)) {
      this.#queuedBytes -= bytes;
      this.#drop(CLOSED);
    }
  }

  metrics(): ForwarderMetrics {
    return {
      forwarded: this.#forwarded,
      retried: this.#retried,
      dropped: this.#dropped,
      queuedBodies: this.#queue.length,
      queuedBytes: this.#queuedBytes,
      ownSpans: this.#ownSpans,
      ownSpansDropped: this.#ownSpansDropped,
    };
  }

  async #work(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const result = await this.#deliver(next.body, next.headers);
      const arrived = isSuccess(result);
      if (arrived) this.#forwarded++;
      else this.#drop(this.#closed.signal.aborted ? CLOSED : result.reason);
      if (arrived && this.#own.length > 0) await this.#deliverOwn(next.headers);
      this.#queue.shift();
      this.#queuedBytes -= next.bytes;
    }
    this.#working = undefined;
  }

  async #deliverOwn(headers: PassedHeaders): Promise<void> {
    const spans = this.#own;
    this.#own = [];
    let arrived = false;
    try {
      const body = encodeSpans(spans, this.#options.resourceAttributes);
      arrived = isSuccess(await this.#deliver(body, headersForOwnBody(headers)));
    } catch {
      // A single span that cannot be encoded loses the whole batch. `ownSpansDropped` counts these spans.
    }
    if (arrived) this.#ownSpans += spans.length;
    else this.#ownSpansDropped += spans.length;
  }

  /** Sends a body, with retries where they may help. Returns the result of the last attempt. */
  async #deliver(body: Uint8Array, headers: PassedHeaders): Promise<PostResult> {
    const { tryTimeoutMs, maxTries } = this.#options;
    for (let tries = 1; ; tries++) {
      const result = await this.#collector.post(body, headers, tryTimeoutMs);
      const again = result.status === 0 || RETRYABLE.has(result.status);
      if (!again || tries >= maxTries || this.#closed.signal.aborted) return result;
      await this.#pause(tries, result.retryAfterMs ?? 0);
      if (this.#closed.signal.aborted) return result;
      this.#retried++;
    }
  }

  #pause(retry: number, retryAfterMs: number): Promise<void> {
    const { backoff, random } = this.#options;
    const delayMs = Math.max(
      backoffMs(retry, backoff, random),
      Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
    );
    const options = { ref: false, signal: this.#closed.signal };
    return sleep(delayMs, undefined, options).catch(() => undefined);
  }

  /**
   * Counts a lost body. The first lost body causes a warning, because its exporter was already told that
   * the export succeeded.
   */
  #drop(reason: string): void {
    this.#dropped++;
    const { contents = "traces" } = this.#options;
    warnOnce(
      `${contents}-dropped`,
      `${contents} of the engine do not reach the collector (${reason}); they are dropped and counted`,
      contents,
      this,
    );
  }
}

function isSuccess({ status }: PostResult): boolean {
  return status >= 200 && status < 300;
}
