/** Passes bodies on to the collector of the user, behind a bounded queue that slows nobody. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../breaker/clock.js";
import { type Backoff, backoffMs } from "../../policies/retry/backoff.js";
import { encodeSpans, type OwnAttribute, type OwnSpan } from "../otlp/encode.js";
import { headersForOwnBody, headersToPassOn, type PassedHeaders } from "./headers.js";
import { Collector, type PostResult } from "./post.js";

/** How bodies are passed on. */
export interface ForwarderOptions {
  /** Where to: an http or https URL. */
  readonly endpoint: string;
  /** How many bytes of bodies and headers wait at most, the body on its way included. */
  readonly maxQueueBytes: number;
  readonly maxQueuedBodies: number;
  /** What bodies hold, for the warning that some were lost. Default: traces. */
  readonly contents?: "traces" | "logs";
  /** What the spans of our own are said to come from. */
  readonly resourceAttributes: Readonly<Record<string, OwnAttribute>>;
  readonly tryTimeoutMs: number;
  readonly maxTries: number;
  readonly backoff: Backoff;
  readonly random: Random;
}

/** What has become of the bodies and of the spans of our own. */
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

/** What a collector answers that may take the same body later, as OTLP has it. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A `Retry-After` beyond this is not waited for: the queue would be full long before. */
const MAX_RETRY_AFTER_MS = 30_000;
const MAX_OWN_SPANS = 2048;
const CLOSED = "closed before it took them";

/**
 * One body is on its way at a time, in the order in which they came. Headers hold the credentials of
 * the user: they live as long as their body waits, and no metric, warning or error shows them.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #collector: Collector;
  readonly #queue: QueuedBody[] = [];
  readonly #closed = new AbortController();
  #own: OwnSpan[] = [];
  #working: Promise<void> | undefined;
  #warned = false;
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

  /** Puts a body in the queue as it came; drops it when the queue is full or closed. */
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
   * Keeps a span of our own until a body has been passed on, whose headers it then borrows: without
   * them the collector would not know whose it is, and they are not kept for it.
   */
  addOwn(span: OwnSpan): void {
    if (this.#own.length < MAX_OWN_SPANS && !this.#closed.signal.aborted) this.#own.push(span);
    else this.#ownSpansDropped++;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Drops what waits and ends what is on its way. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#collector.close();
    this.#ownSpansDropped += this.#own.length;
    this.#own = [];
    // The first one is on its way: it ends by itself, and is counted then.
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
      // One span that cannot be written takes the others along, and the counter tells.
    }
    if (arrived) this.#ownSpans += spans.length;
    else this.#ownSpansDropped += spans.length;
  }

  /** Tries to deliver a body as often as makes sense, and returns how the last try ended. */
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

  /** Counts a lost body. The first one is told: the exporter was promised that all is well. */
  #drop(reason: string): void {
    this.#dropped++;
    if (this.#warned) return;
    this.#warned = true;
    const { contents = "traces" } = this.#options;
    process.emitWarning(
      `${contents} of the engine do not reach the collector (${reason}); they are dropped and counted`,
      { type: "CircuitBreakerWarning", code: `${contents}-dropped` },
    );
  }
}

function isSuccess({ status }: PostResult): boolean {
  return status >= 200 && status < 300;
}
