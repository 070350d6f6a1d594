/** Sends notifications one after the other, beside everything else that `serve` does. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, systemClock } from "../../../breaker/clock.js";
import { codeOf } from "../../../files/error-code.js";
import { checkResponse, isResponseError, type ResponseLike } from "../../../policies/response.js";
import { retryWithBackoff } from "../../../policies/retry/retry.js";
import { isTimeoutError, withTimeout } from "../../../policies/timeout.js";
import type { Notice } from "./notice.js";
import type { NotifySettings } from "./notify-settings.js";
import { webhookHeaders } from "./signature.js";

/** How many notifications wait at most. A further one replaces the oldest. */
export const MAX_WAITING = 100;

const RETRIES = { maxRetries: 2, initialDelayMs: 1000, backoffFactor: 4, maxDelayMs: 60_000 };
const ATTEMPT_MS = 10_000;
/** How long the end of the server waits for notifications. */
const CLOSE_WITHIN_MS = 2000;

/** Sends one request. */
export type Post = (
  url: string,
  request: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  signal: AbortSignal,
) => Promise<ResponseLike>;

/** The settings and surroundings of a notifier. */
export interface NotifierSettings extends NotifySettings {
  /** Reports lost notifications. The text contains no URL. */
  readonly onLost: (message: string) => void;
  readonly post?: Post;
  readonly clock?: Clock;
  /** Returns milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** Keeps notifications in order, and at most 100 of them. */
export class Notifier {
  readonly #settings: Required<NotifierSettings>;
  readonly #waiting: Notice[] = [];
  readonly #cut = new AbortController();
  /** Notifications that were lost since the last one that was delivered. */
  #lostCount = 0;
  #sending: Promise<void> | undefined;
  #isEnding = false;

  constructor(settings: NotifierSettings) {
    this.#settings = { post: postByFetch, clock: systemClock, nowMs: Date.now, ...settings };
  }

  /** Takes a notification and returns at once. */
  tell(notice: Notice): void {
    this.#waiting.push(notice);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#lose(`more than ${MAX_WAITING} were waiting`);
    }
    this.#sending ??= this.#sendAll();
  }

  /**
   * Sends what is waiting, without retries and within two seconds, and reports what is lost. Never
   * rejects.
   */
  async close(): Promise<void> {
    this.#isEnding = true;
    const { clock } = this.#settings;
    const sent = this.#sending ?? Promise.resolve();
    await withTimeout(() => sent, { timeoutMs: CLOSE_WITHIN_MS, clock }).catch(() => undefined);
    this.#cut.abort();
    await sent;
  }

  /** Sends until nothing is waiting. Never rejects. */
  async #sendAll(): Promise<void> {
    // The reply that caused the notification goes out first.
    await nextTurn();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const lostCount = this.#lostCount;
      try {
        await this.#send(next, lostCount);
        this.#lostCount -= lostCount;
      } catch (error) {
        this.#lose(this.#cut.signal.aborted ? "the server ends" : reasonOf(error));
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

  /** Sends once. Signs each attempt anew, since a receiver rejects old timestamps. */
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

/** The error of a receiver that would answer a retry in the same way. */
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

/** Returns why a notification was not delivered, without the address. */
function reasonOf(error: unknown): string {
  if (error instanceof NotAccepted) return error.message;
  if (isResponseError(error)) return answered(error.status);
  if (isTimeoutError(error)) return `the receiver did not answer within ${ATTEMPT_MS / 1000}s`;
  const { cause = error } = (error ?? {}) as { cause?: unknown };
  return `the receiver cannot be reached (${codeOf(cause)})`;
}

function answered(status: number): string {
  return `the receiver answered ${status}`;
}

/** Sends by `fetch`. Follows no redirect, because the address of the receiver is a secret. */
function postByFetch(...[url, { body, headers }, signal]: Parameters<Post>): Promise<Response> {
  return fetch(url, { method: "POST", body, headers, signal, redirect: "manual" });
}
