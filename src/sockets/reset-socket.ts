/** Resets a connection in every state that it may be in. */

import type { Socket } from "node:net";

/**
 * Resets a connection, so that its other side learns that what came is not all. Node refuses to reset a
 * socket whose end is on its way, and then never closes it: it leaks, and keeps the process busy for
 * ever. Such a socket is closed instead, since its other side is told of an end in any case.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
