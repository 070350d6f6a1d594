/** Resets a connection in any state. */

import type { Socket } from "node:net";

/**
 * Resets a connection, so that the other side can detect missing data. A socket that is already ending is
 * destroyed instead. Node would not close such a socket after a reset, and would use a whole core forever.
 * In both cases the connection ends on the other side.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
