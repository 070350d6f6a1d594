/** Destroys HTTP/2 connections that Node would keep open forever. */

import type { Http2Session, Http2Stream, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** The time between two checks, in milliseconds. */
const LOOK_EVERY_MS = 5000;

/** The most unanswered pings, for example to a stopped peer. Node writes at most ten. */
const MAX_UNANSWERED = 9;

/** Node's internal handle of a socket. */
interface Handled {
  readonly _handle?: {
    readonly writeQueueSize?: number;
    /** Returns 0 if the socket is connected. */
    readonly getpeername?: (name: object) => number;
  } | null;
}

/**
 * Destroys a connection whose HTTP/2 session has ended or no longer works. After an error such as a frame
 * out of order, Node silently stops reading, and never notices the end of the connection.
 *
 * The check sends a ping. A session that neither writes nor queues the ping is dead. A slow or stopped peer
 * does not count as dead.
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
 * Returns whether the peer has reset the connection. A session that no longer reads does not notice the
 * reset. Node 20 continues to write pings to such a connection.
 */
function isCutOff(socket: Socket): boolean {
  const handle = (socket as Handled)._handle;
  return !socket.connecting && (handle?.getpeername?.({}) ?? 0) !== 0;
}

/**
 * Destroys a session and its socket. If only the session is destroyed during a write, Node may leave the
 * socket open.
 */
export function destroyBoth(session: Http2Session, socket: Socket): void {
  session.destroy();
  socket.destroySoon();
}

/**
 * Ends a client's session gracefully: current streams finish, and new streams are rejected. It replaces
 * Node's own reaction to a GOAWAY. If a request with a body came in the same chunk, that reaction would
 * crash the process in native code.
 */
export class GracefulEnd {
  readonly #client: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #streams = new Set<Http2Stream>();
  #isEnding = false;

  constructor(client: ServerHttp2Session, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    // Wait one tick. If a chunk contains streams and then a GOAWAY, Node reports the streams only in that
    // tick.
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

  /**
   * Ends the session after its last stream has ended. Waits one turn of the event loop, so that pending
   * frames are written first.
   */
  #endIfOver(): void {
    if (!this.#isEnding || this.#streams.size > 0) return;
    setImmediate(() => {
      if (this.#streams.size === 0 && !this.#client.destroyed) {
        destroyBoth(this.#client, this.#socket);
      }
    });
  }
}
