/** Sends notifications one after another, while `serve` does its other work. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, systemClock } from "../../../breaker/clock.js";
import { codeOf } from "../../../files/error-code.js";
import { checkResponse, isResponseError, type ResponseLike } from "../../../policies/response.js";
import { retryWithBackoff } from "../../../policies/retry/retry.js";
import { isTimeoutError, withTimeout } from "../../../policies/timeout.js";
import type { Notice } from "./notice.js";
import type { NotifySettings } from "./notify-settings.js";
import { webhookHeaders } from "./signature.js";

/** The maximum number of waiting notifications. A further notification replaces the oldest one. */
export const MAX_WAITING = 100;

const RETRIES = { maxRetries: 2, initialDelayMs: 1000, backoffFactor: 4, maxDelayMs: 60_000 };
const ATTEMPT_MS = 10_000;
/** The longest time that the end of the server waits for notifications. */
const CLOSE_WITHIN_MS = 2000;

/** Sends one request. */
export type Post = (
  url: string,
  request: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  signal: AbortSignal,
) => Promise<ResponseLike>;

/** The settings of a notifier, and replaceable parts for tests. */
export interface NotifierSettings extends NotifySettings {
  /** Reports lost notifications. The text contains no URL. */
  readonly onLost: (message: string) => void;
  readonly post?: Post;
  readonly clock?: Clock;
  /** Returns milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** The queue of notifications. Sends them in order, and lets at most 100 of them wait. */
export class Notifier {
  readonly #settings: Required<NotifierSettings>;
  readonly #waiting: Notice[] = [];
  readonly #cut = new AbortController();
  /** The number of notifications that were lost since the last delivery. */
  #lostCount = 0;
  #sending: Promise<void> | undefined;
  #isEnding = false;

  constructor(settings: NotifierSettings) {
    this.#settings = { post: postByFetch, clock: systemClock, nowMs: Date.now, ...settings };
  }

  /** Queues a notification and returns at once. */
  tell(notice: Notice): void {
    this.#waiting.push(notice);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#lose(`more than ${MAX_WAITING} notifications were waiting`);
    }
    this.#sending ??= this.#sendAll();
  }

  /**
   * Sends the waiting notifications within two seconds and without retries. Reports lost
   * notifications. Never rejects.
   */
  async close(): Promise<void> {
    this.#isEnding = true;
    const { clock } = this.#settings;
    const sent = this.#sending ?? Promise.resolve();
    await withTimeout(() => sent, { timeoutMs: CLOSE_WITHIN_MS, clock }).catch(() => undefined);
    this.#cut.abort();
    await sent;
  }

  /** Sends until no notification is waiting. Never rejects. */
  async #sendAll(): Promise<void> {
    // Waits a turn, because the reply that caused the notification must be sent first.
    await nextTurn();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const lostCount = this.#lostCount;
      try {
        await this.#send(next, lostCount);
        this.#lostCount -= lostCount;
      } catch (error) {
        this.#lose(this.#cut.signal.aborted ? "the server is stopping" : reasonOf(error));
      }
    }
    this.#sending = undefined;
  }

  #send(notice: Notice, lostCount: number): Promise<void> {
    const { clock } = this.#settings;
    const { signal } = this.#cut;
    const body = JSON.stringify(withLost(notice, lostCount));
    const attempt = () =>
      withTimeout((context) => this.#attempt(notice.id, body, context.signal), {
        timeoutMs: ATTEMPT_MS,
        signal,
        clock,
      });
    const shouldRetry = (error: unknown) => !this.#isEnding && !(error instanceof NotAccepted);
    return retryWithBackoff(attempt, { ...RETRIES, signal, clock, shouldRetry });
  }

  /**
   * Sends a notification once. Each attempt has its own signature, because receivers reject old
   * timestamps.
   */
  async #attempt(id: string, body: string, signal: AbortSignal): Promise<void> {
    const { url, key, post, nowMs } = this.#settings;
    const timestamp = Math.floor(nowMs() / 1000);
    const signed = webhookHeaders({ id, timestamp, body }, key);
    const headers = { "content-type": "application/json", ...signed };
    const response = checkResponse(await post(url, { body, headers }, signal));
    response.body?.cancel().catch(() => undefined);
    if (response.status < 200 || response.status > 299) throw new NotAccepted(response.status);
  }

  #lose(reason: string): void {
    this.#lostCount += 1;
    this.#settings.onLost(`a notification was lost: ${reason}`);
  }
}

/** The error for an answer that a retry would not change. */
class NotAccepted extends Error {
  constructor(readonly status: number) {
    super(answered(status));
  }
}

function withLost(notice: Notice, lostCount: number): object {
  if (lostCount === 0) return { ...notice, lostCount };
  const what = lostCount === 1 ? "notification was" : "notifications were";
  return { ...notice, text: `${notice.text} (${lostCount} earlier ${what} lost)`, lostCount };
}

/** Returns why a notification was not delivered. The text does not contain the address. */
function reasonOf(error: unknown): string {
  if (error instanceof NotAccepted) return error.message;
  if (isResponseError(error)) return answered(error.status);
  if (isTimeoutError(error)) return `the receiver did not answer within ${ATTEMPT_MS / 1000}s`;
  const { cause = error } = (error ?? {}) as { cause?: unknown };
  return `the receiver cannot be reached (${codeOf(cause)})`;
}

function answered(status: number): string {
  return `the receiver answered with status ${status}`;
}

/** Sends with `fetch`. Follows no redirect, because the address of the receiver is a secret. */
function postByFetch(...[url, { body, headers }, signal]: Parameters<Post>): Promise<Response> {
  return fetch(url, { method: "POST", body, headers, signal, redirect: "manual" });
}
