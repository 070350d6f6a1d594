/** Receives the changes in one scope. Reconnects whenever the stream ends. */

import type { ClientRequest, IncomingMessage } from "node:http";
import { isEntry } from "../reply-shape.js";
import type { FleetEntry } from "../store.js";
import type { HttpClient } from "./http-client.js";
import { HEARTBEAT_MS, PATHS } from "./protocol.js";

const SILENT_MS = 2.5 * HEARTBEAT_MS;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/**
 * The maximum length of an event in characters. Real events have less than a hundredth of this
 * length.
 */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * A subscription that opens a stream at once, and reconnects until it is closed. Does not keep the
 * process alive.
 */
export class EventSubscription {
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #tell: (entry: FleetEntry) => void;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = FIRST_WAIT_MS;
  #closed = false;

  constructor(client: HttpClient, scope: string, tell: (entry: FleetEntry) => void) {
    this.#client = client;
    this.#path = `${PATHS.events}?${new URLSearchParams({ scope })}`;
    this.#tell = tell;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #connect(): void {
    const request = this.#client.stream(this.#path);
    this.#request = request;
    this.#watch();
    request.on("error", () => undefined);
    request.on("response", (response) => this.#read(response));
    // Node.js emits "close" last, whether the request succeeded or failed.
    request.on("close", () => this.#connectLater());
  }

  /**
   * Reconnects after a delay that grows and has jitter. Without jitter, all clients of a failed
   * server would return at the same time.
   */
  #connectLater(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const waitMs = this.#waitMs * (0.5 + Math.random());
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.#connect(), waitMs).unref();
  }

  /** Restarts the timer that closes a silent connection. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#request?.destroy(), SILENT_MS).unref();
  }

  #read(response: IncomingMessage): void {
    response.on("error", () => undefined);
    if (response.statusCode !== 200) {
      this.#request?.destroy();
      return;
    }
    let unread = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      this.#watch();
      this.#waitMs = FIRST_WAIT_MS;
      const events = `${unread}${text}`.split("\n\n");
      unread = events.pop() ?? "";
      for (const event of events) this.#hear(event);
      if (unread.length > MAX_EVENT_LENGTH) this.#request?.destroy();
    });
  }

  #hear(event: string): void {
    if (this.#closed || !event.startsWith("data: ")) return;
    try {
      const entry: unknown = JSON.parse(event.slice("data: ".length));
      if (isEntry(entry)) this.#tell(entry);
    } catch {
      // Ignored: the JSON is invalid, and clients accept that a push can be lost.
    }
  }
}
