/** Streams changes of circuits to clients, as server-sent events. */

import type { ServerResponse } from "node:http";
import type { FleetStore } from "../store.js";

/** A client with this many unread bytes is disconnected. It can reconnect when it keeps up. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** All streams of a server. */
export class EventStreams {
  readonly #store: FleetStore;
  readonly #max: number;
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;

  /**
   * @param max The limit on open streams.
   * @param heartbeatMs The interval of heartbeats, so that both ends detect a broken connection.
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

  /** Streams the changes in a scope from now on. */
  begin(response: ServerResponse, scope: string): void {
    // The connection is used for nothing else, so it is closed with the stream. `x-accel-buffering`
    // makes proxies such as nginx pass events on at once.
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "close",
      "x-accel-buffering": "no",
    });
    // These bytes show the client that no change will be missed from here on.
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
