/** Streams changes of circuits to clients as server-sent events. */

import type { ServerResponse } from "node:http";
import type { FleetStore } from "../store.js";

/**
 * The number of unread bytes above which a client is disconnected, so that a slow client cannot
 * fill the memory. The client can reconnect.
 */
const MAX_UNREAD_BYTES = 256 * 1024;

/** All open streams of a server. */
export class EventStreams {
  readonly #store: FleetStore;
  readonly #max: number;
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;

  /**
   * @param max The maximum number of open streams.
   * @param heartbeatMs The interval of heartbeats in milliseconds. Heartbeats let both ends detect
   * a broken connection.
   */
  constructor(store: FleetStore, max: number, heartbeatMs: number) {
    this.#store = store;
    this.#max = max;
    this.#heartbeat = setInterval(() => {
      for (const response of this.#open) write(response, ":\n\n");
    }, heartbeatMs).unref();
  }

  get isFull(): boolean {
    return this.#open.size >= this.#max;
  }

  /** Starts a stream that sends all further changes in a scope. */
  begin(response: ServerResponse, scope: string): void {
    // Closes the connection with the stream, because no other request uses the connection.
    // `x-accel-buffering` makes proxies such as nginx pass events on at once.
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "close",
      "x-accel-buffering": "no",
    });
    // Sends a comment line at once, so that the client knows that no later change will be
    // missed.
    write(response, ":\n\n");
    const stop = this.#store.subscribe(scope, (entry) => {
      write(response, `data: ${JSON.stringify(entry)}\n\n`);
    });
    this.#open.add(response);
    response.on("close", () => {
      this.#open.delete(response);
      stop();
    });
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const response of this.#open) response.end();
  }
}

function write(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(text);
}
