/** Buffers the bytes that a client sends after an offer to upgrade. */

import type { Socket } from "node:net";

/** The most bytes that are buffered. Further bytes stay unread in the connection. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * Reads the connection while an offer to upgrade waits. In that time, Node itself does not read, and would
 * not notice that the client has left. As with any request, a client that ends its side of the connection
 * counts as gone.
 */
export class EarlyBytes {
  readonly #socket: Socket;
  readonly #chunks: Buffer[];
  #bytes: number;
  readonly #read = () => {
    while (this.#bytes < MAX_EARLY_BYTES) {
      const chunk: Buffer | null = this.#socket.read();
      if (chunk === null) return;
      this.#bytes += chunk.length;
      this.#chunks.push(chunk);
    }
  };
  readonly #leave = () => void this.#socket.destroy();

  /** @param head The bytes after the offer that Node has already read. */
  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#chunks = [head];
    this.#bytes = head.length;
    // Node stops reading while answers wait for their reader, and leaves the connection so to the receiver
    // of an upgrade. The stream then waits for a read that never comes. An empty chunk ends that wait.
    socket.push("");
    socket.on("readable", this.#read).on("end", this.#leave);
  }

  /** Stops reading, and returns the buffered bytes. */
  take(): Buffer {
    this.#socket.off("readable", this.#read).off("end", this.#leave);
    return Buffer.concat(this.#chunks);
  }
}
