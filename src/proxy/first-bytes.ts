/** Finds the protocol of a connection by its first bytes. */

import type { Socket } from "node:net";

/** The bytes that every HTTP/2 client sends first. */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const HEAD_END = "\r\n\r\n";

/** The facts that the first bytes of a connection show. The bytes can still be read afterwards. */
export interface Beginning {
  readonly isHttp2: boolean;
  /** Whether the bytes contain a complete HTTP/1.1 head. */
  readonly hasHead: boolean;
}

/**
 * Waits for the first bytes, then calls `tell`. If the connection ends or fails before that, destroys the
 * connection and never calls `tell`.
 */
export function tellProtocol(socket: Socket, tell: (beginning: Beginning) => void): void {
  let begun: Buffer = Buffer.alloc(0);
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
    const length = Math.min(begun.length, HTTP2_PREFACE.length);
    const isLike = begun.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (isLike && length < HTTP2_PREFACE.length) return;
    socket.off("readable", look).off("end", leave).off("error", leave);
    socket.unshift(begun);
    tell({ isHttp2: isLike, hasHead: begun.includes(HEAD_END) });
  };
  const leave = () => socket.destroy();
  socket.on("readable", look).on("end", leave).on("error", leave);
}
