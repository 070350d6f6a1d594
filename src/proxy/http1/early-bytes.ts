/** Holds what a client says behind an offer to upgrade, until somebody takes it. */

import type { Socket } from "node:net";

/** What is said beyond that stays in the connection. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * Reads on while an offer waits: Node no longer reads the connection then, and would not notice that
 * the client has left. As with any other request, a client that ends its side has left.
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

  /** @param head What Node has read behind the offer already. */
  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#chunks = [head];
    this.#bytes = head.length;
    socket.on("readable", this.#read).on("end", this.#leave);
  }

  /** Stops reading, and hands over what has come. */
  take(): Buffer {
    this.#socket.off("readable", this.#read).off("end", this.#leave);
    return Buffer.concat(this.#chunks);
  }
}
