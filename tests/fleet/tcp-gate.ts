/** A TCP proxy on this machine that a test can slow down, mute or cut. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Relays connections to one port of this machine. */
export class TcpGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The port to which new connections lead. */
  target: number;
  /** How long to delay each chunk, in milliseconds. */
  delayMs = 0;
  /** Whether to drop everything that clients send. */
  swallowsRequests = false;
  /** Whether to drop everything that the server sends, so that replies are lost. */
  swallowsAnswers = false;
  /** Number of connections made so far. */
  connections = 0;
  /** All data that clients have sent. */
  sent = "";

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#pass(client));
  }

  static async open(target: number): Promise<TcpGate> {
    const gate = new TcpGate(target);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the gate is closed");
    return address.port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends all connections. Clients can make new ones. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #pass(client: Socket): void {
    this.connections += 1;
    const server = connect(this.target, "127.0.0.1");
    const ends = [client, server];
    for (const socket of ends) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const end of ends) end.destroy();
      });
    }
    client.on("data", (data) => {
      this.sent += data.toString("latin1");
      if (!this.swallowsRequests) this.#later(() => server.write(data));
    });
    server.on("data", (data) => {
      if (!this.swallowsAnswers) this.#later(() => client.write(data));
    });
  }

  #later(write: () => void): void {
    if (this.delayMs === 0) write();
    else setTimeout(write, this.delayMs);
  }
}
