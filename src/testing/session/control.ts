/** The door through which CLI stand-ins in other processes get sessions of this double. */

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import type { AttachAddress } from "./cli-options.js";

/** A session for a stand-in, which ends when the stand-in does. */
interface AttachedSession {
  readonly port: number;
  readonly token: string;
  stop(): Promise<void>;
}

/**
 * Opens a session for a stand-in. `gone` is aborted when the stand-in has gone, and `sendAway` is
 * to be called when the session ends before.
 */
export type OpenSession = (gone: AbortSignal, sendAway: () => void) => Promise<AttachedSession>;

/** Waits on loopback for stand-ins. */
export class Control {
  readonly #token = randomBytes(16).toString("hex");
  readonly #openSession: OpenSession;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(openSession: OpenSession) {
    this.#openSession = openSession;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  /** Begins to wait. */
  async listen(): Promise<AttachAddress> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    this.#server.unref();
    return { port: (this.#server.address() as AddressInfo).port, token: this.#token };
  }

  /** Sends every stand-in away. */
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
    let said = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const before = said.includes("\n");
      said = `${said}${text}`.slice(0, 1_000);
      if (before || !said.includes("\n")) return;
      if (said.trim() !== this.#token) socket.destroy();
      else void this.#serve(socket, gone.signal);
    });
  }

  async #serve(socket: Socket, gone: AbortSignal): Promise<void> {
    try {
      const session = await this.#openSession(gone, () => socket.destroy());
      const stop = () => void session.stop();
      if (gone.aborted) return stop();
      gone.addEventListener("abort", stop, { once: true });
      socket.write(`${JSON.stringify({ port: session.port, session_token: session.token })}\n`);
    } catch {
      // The double has stopped, or the stand-in has gone while it waited for an engine.
      socket.destroy();
    }
  }
}
