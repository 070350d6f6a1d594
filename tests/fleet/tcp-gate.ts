/** A TCP proxy on this machine that a test can slow down, silence or cut. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Passes bytes on to one port while enabled. */
export class TcpGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The target port of new connections. */
  target: number;
  /** The delay of each chunk, in milliseconds. */
  delayMs = 0;
  /** Reads from the client and passes nothing on. */
  swallowsRequests = false;
  /** Reads from the server and passes nothing on: replies are lost. */
  swallowsAnswers = false;
  /** Number of connections made. */
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

  /** Ends all connections; new ones can be made. */
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
