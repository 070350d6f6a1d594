/** Resets a connection in any state. */

import type { Socket } from "node:net";

/**
 * Resets a connection, so that the other side knows that data is missing. Node cannot reset a socket that
 * is already ending: it would never close it and stay busy forever. Such a socket is destroyed instead. The
 * other side sees an end in both cases.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
