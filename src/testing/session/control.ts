/** A server that gives sessions of this double to stand-ins in other processes. */

import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { listenOnLoopback } from "../../sockets/loopback.js";
import type { OwnSpan } from "../../traces/otlp/encode.js";
import type { AttachAddress } from "./cli-options.js";
import type { SpanSink } from "./traces/request-span.js";

/** A session that was opened for a stand-in. It ends when the stand-in ends. */
interface AttachedSession {
  readonly port: number;
  readonly token: string;
  stop(): Promise<void>;
}

/** A connected stand-in. */
export interface StandIn {
  /** Aborted when the stand-in has ended, or no longer needs its session. */
  readonly gone: AbortSignal;
  /** Receives the engine's spans for this stand-in. Undefined if it exports none. */
  readonly spans: SpanSink | undefined;
  /** Makes the stand-in end. Call it if the session ends first. */
  sendAway(): void;
}

/** Opens a session for a stand-in. */
export type OpenSession = (standIn: StandIn) => Promise<AttachedSession>;

/** A message from the double to a stand-in. Each is one line. */
export type ControlMessage =
  /** The address of its session. */
  | { readonly address: { readonly port: number; readonly session_token: string } }
  /** A span of the engine. The stand-in exports it according to its environment. */
  | { readonly span: OwnSpan }
  /** The stand-in counts as killed and exports nothing more. */
  | { readonly killed: true };

function send(socket: Socket, message: ControlMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function sinkInto(socket: Socket): SpanSink {
  return {
    add: (span) => send(socket, { span }),
    abandon: () => send(socket, { killed: true }),
    flush: async () => undefined,
  };
}

function readGreeting(line: string): { token?: unknown; traces?: unknown } | undefined {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Waits on loopback for stand-ins. */
export class Control {
  readonly #token = randomBytes(16).toString("hex");
  readonly #openSession: OpenSession;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(openSession: OpenSession) {
    this.#openSession = openSession;
    // With half-open connections, a stand-in that has ended its side still receives the last spans of its
    // session.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#greet(socket));
  }

  /** Starts to listen. */
  async listen(): Promise<AttachAddress> {
    return { port: await listenOnLoopback(this.#server), token: this.#token };
  }

  /** Makes all stand-ins end, and closes the server. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #greet(socket: Socket): void {
    socket.unref();
    this.#sockets.add(socket);
    const gone = new AbortController();
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      gone.abort();
    });
    let isServed = false;
    socket.once("end", () => {
      gone.abort();
      if (!isServed) socket.end();
    });
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const before = received.includes("\n");
      received = `${received}${text}`.slice(0, 1_000);
      if (before || !received.includes("\n")) return;
      const greeting = readGreeting(received);
      if (greeting?.token !== this.#token) socket.destroy();
      else {
        isServed = true;
        void this.#serve(socket, gone.signal, greeting.traces === true);
      }
    });
  }

  async #serve(socket: Socket, gone: AbortSignal, wantsSpans: boolean): Promise<void> {
    try {
      const session = await this.#openSession({
        gone,
        spans: wantsSpans ? sinkInto(socket) : undefined,
        sendAway: () => socket.end(),
      });
      const stop = () => void session.stop().finally(() => socket.end());
      if (gone.aborted) return stop();
      gone.addEventListener("abort", stop, { once: true });
      const address = { port: session.port, session_token: session.token };
      send(socket, { address });
    } catch {
      // The double has stopped, or the stand-in left while it waited for an engine.
      socket.destroy();
    }
  }
}
