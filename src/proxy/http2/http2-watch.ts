/** Keeps connections of HTTP/2 from being left behind by Node's own session. */

import type { Http2Session, Http2Stream, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** How often a connection is looked at. */
const LOOK_EVERY_MS = 5000;

/** Node writes no further ping while ten are unanswered, as those to a peer that is stopped. */
const MAX_UNANSWERED = 9;

/** What Node knows of a socket beneath its public face. */
interface Handled {
  readonly _handle?: {
    readonly writeQueueSize?: number;
    /** Gives 0 while the socket is connected. */
    readonly getpeername?: (name: object) => number;
  } | null;
}

/**
 * Destroys a connection whose session is over, or neither reads nor writes any more. After an error of the
 * whole connection, such as a frame out of order, Node stops reading it without a word, and would not
 * even see it end. That a peer is slow, or stopped, is no reason: only a session that does not write a
 * ping at once is dead.
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
 * Whether the connection was reset, of which a session that is not read any more hears nothing: Node 20
 * goes on writing pings to it.
 */
function isCutOff(socket: Socket): boolean {
  const handle = (socket as Handled)._handle;
  return !socket.connecting && (handle?.getpeername?.({}) ?? 0) !== 0;
}

/** Destroys a session and its socket, which Node may leave open when a write is on its way. */
export function destroyBoth(session: Http2Session, socket: Socket): void {
  session.destroy();
  socket.destroySoon();
}

/**
 * Ends a session of a client: what is on its way is finished, what comes is refused. It stands in for what
 * Node does by itself in the middle of a read, when a GOAWAY comes: a request with a body that was read in
 * the same piece then crashes the process in native code.
 */
export class GracefulEnd {
  readonly #client: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #streams = new Set<Http2Stream>();
  #isEnding = false;

  constructor(client: ServerHttp2Session, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    // Streams that came before the GOAWAY, in the same piece, are told of a tick later.
    client.close = () => process.nextTick(() => this.begin());
    const destroy = client.destroy.bind(client);
    client.destroy = (error, code) => {
      this.#isEnding = true;
      setImmediate(() => destroy(error, code));
    };
  }

  /** Whether new streams are to be refused. */
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

  /** The last frames are written first. */
  #endIfOver(): void {
    if (!this.#isEnding || this.#streams.size > 0) return;
    setImmediate(() => {
      if (this.#streams.size === 0 && !this.#client.destroyed) {
        destroyBoth(this.#client, this.#socket);
      }
    });
  }
}
