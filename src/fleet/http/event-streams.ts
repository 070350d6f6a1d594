/** The streams of changes that clients listen to, as server-sent events. */

import type { ServerResponse } from "node:http";
import type { FleetStore } from "../store.js";

/** Who has not read so many bytes is cut off, and asks again when it can keep up. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** All streams of a server. */
export class EventStreams {
  readonly #store: FleetStore;
  readonly #max: number;
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;

  /**
   * @param max More streams than this are not open at once.
   * @param heartbeatMs How often each of them says something, so that both ends know of a break.
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

  /** Tells the changes in a scope from now on. */
  begin(response: ServerResponse, scope: string): void {
    // The connection serves nothing else, so it ends with the stream. Proxies that gather an answer
    // before they pass it on are asked not to.
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "close",
      "x-accel-buffering": "no",
    });
    // The first bytes say that nothing will be missed from here on.
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
