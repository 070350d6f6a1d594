/** Buffers the client's bytes after an offer to upgrade until they are needed. */

import type { Socket } from "node:net";

/** Further bytes stay in the connection. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * Keeps reading while an offer waits. Node no longer reads the connection then, and would not
 * notice that the client left. As with any request, a client that ends its side has left.
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
    socket.on("readable", this.#read).on("end", this.#leave);
  }

  /** Stops reading and returns the buffered bytes. */
  take(): Buffer {
    this.#socket.off("readable", this.#read).off("end", this.#leave);
    return Buffer.concat(this.#chunks);
  }
}
