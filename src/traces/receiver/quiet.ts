/** Waits until no client is connected to a server. */

import type { Socket } from "node:net";

export class Connections {
  #count = 0;
  #onNone = new Set<() => void>();

  add(socket: Socket): void {
    this.#count += 1;
    socket.once("close", () => {
      this.#count -= 1;
      if (this.#count > 0) return;
      for (const tell of this.#onNone) tell();
      this.#onNone.clear();
    });
  }

  /** Resolves when the last client has disconnected. */
  none(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onNone.add(resolve));
  }
}

/**
 * Resolves when a promise settles, or after `withinMs`. The timer keeps the process alive, because a caller
 * awaits the result.
 */
export async function withinOrOver(done: Promise<unknown>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([done, over]);
  clearTimeout(timer);
}
