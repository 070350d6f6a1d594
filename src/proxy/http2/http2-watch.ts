/** Destroys HTTP/2 connections that Node's own session would leave behind. */

import type { Http2Session, Http2Stream, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** The interval of the checks. */
const LOOK_EVERY_MS = 5000;

/** Node writes no further ping while ten are unanswered, for example by a stopped peer. */
const MAX_UNANSWERED = 9;

/** Node's internals under a socket. */
interface Handled {
  readonly _handle?: {
    readonly writeQueueSize?: number;
    /** Returns 0 while the socket is connected. */
    readonly getpeername?: (name: object) => number;
  } | null;
}

/**
 * Destroys a connection whose session is over, or no longer reads and writes. After an error of the
 * whole connection, such as a frame out of order, Node silently stops reading it and would not see
 * its end. A slow or stopped peer is not a reason: only a session that does not write a ping at
 * once is dead.
 */
export function destroyWhenDead(session: Http2Session, socket: Socket): void {
  let moved = 0;
  let unanswered = 0;
  const look = () => {
    if (session.destroyed) {
      socket.destroySoon();
      return;
    }
    if (isCutOff(socket)) {
      destroyBoth(session, socket);
      return;
    }
    const before = socket.bytesWritten;
    const hasMoved = moved !== before + socket.bytesRead;
    moved = before + socket.bytesRead;
    if (hasMoved || socket.connecting || unanswered === MAX_UNANSWERED) return;
    unanswered += 1;
    session.ping(() => {
      unanswered -= 1;
    });
    setImmediate(() => {
      const queued = (socket as Handled)._handle?.writeQueueSize;
      if (socket.bytesWritten === before && queued === 0) destroyBoth(session, socket);
    });
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  socket.once("close", () => {
    clearInterval(timer);
    session.destroy();
  });
}

/**
 * Returns whether the connection was reset. A session that no longer reads does not notice: Node 20
 * continues to write pings to it.
 */
function isCutOff(socket: Socket): boolean {
  const handle = (socket as Handled)._handle;
  return !socket.connecting && (handle?.getpeername?.({}) ?? 0) !== 0;
}

/** Destroys a session and its socket, which Node may leave open during a write. */
export function destroyBoth(session: Http2Session, socket: Socket): void {
  session.destroy();
  socket.destroySoon();
}

/**
 * Ends a client's session: current streams finish, new ones are rejected. This replaces Node's own
 * reaction to a GOAWAY, in the middle of a read. There, a request with a body in the same chunk
 * crashes the process in native code.
 */
export class GracefulEnd {
  readonly #client: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #streams = new Set<Http2Stream>();
  #isEnding = false;

  constructor(client: ServerHttp2Session, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    // Streams that came before the GOAWAY in the same chunk are reported one tick later.
    client.close = () => process.nextTick(() => this.begin());
    const destroy = client.destroy.bind(client);
    client.destroy = (error, code) => {
      this.#isEnding = true;
      setImmediate(() => destroy(error, code));
    };
  }

  /** Whether to reject new streams. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  add(stream: Http2Stream): void {
    this.#streams.add(stream);
    stream.once("close", () => {
      this.#streams.delete(stream);
      this.#endIfOver();
    });
  }

  begin(): void {
    if (this.#isEnding || this.#client.destroyed) return;
    this.#isEnding = true;
    this.#client.goaway();
    setImmediate(() => this.#endIfOver());
  }

  /** Ends the session once its streams are over. The last frames are written first. */
  #endIfOver(): void {
    if (!this.#isEnding || this.#streams.size > 0) return;
    setImmediate(() => {
      if (this.#streams.size === 0 && !this.#client.destroyed) {
        destroyBoth(this.#client, this.#socket);
      }
    });
  }
}
