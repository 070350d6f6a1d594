/** Resets a connection in any state. */

import type { Socket } from "node:net";

/**
 * Resets a connection, so that the other side knows that data is missing. Node refuses to reset a
 * socket that is ending, and then never closes it: it leaks, and keeps the process busy forever.
 * Such a socket is closed instead, because the other side receives an end in any case.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
