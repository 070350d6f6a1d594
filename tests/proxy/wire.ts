// Starts servers and clients that use plain bytes and plain HTTP, to observe what is really sent.

import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { authorization, newGuard } from "./scene.js";

/** The token of all session servers in this file. */
export const TOKEN = "feedbeef";

async function portOf(server: Server | ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server with a proxy in front of it. */
export interface Served extends AsyncDisposable {
  readonly guard: Guard;
  /** The port of the server itself. */
  readonly port: number;
  /** The port of the proxy. */
  readonly proxyPort: number;
  readonly proxy: Awaited<ReturnType<typeof startSessionProxy>>;
  /** The value of the `Authorization` header that the proxy accepts. */
  readonly authorization: string;
  /** All connections to the server so far. */
  readonly connections: Socket[];
}

async function serve(
  server: Server | ReturnType<typeof createServer>,
  options: GuardOptions = {},
): Promise<Served> {
  const connections: Socket[] = [];
  server.on("connection", (socket: Socket) => connections.push(socket));
  const port = await portOf(server);
  const target = { port, token: TOKEN };
  const guard = newGuard(options);
  const proxy = await startSessionProxy({ guard, target });
  return {
    guard,
    port,
    proxyPort: proxy.address.port,
    proxy,
    authorization: authorization(proxy.address),
    connections,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Starts an HTTP/1.1 server with a proxy in front of it. */
export function serveHttp(listener: RequestListener, options?: GuardOptions): Promise<Served> {
  return serve(createHttpServer({ keepAliveTimeout: 0 }, listener), options);
}

/** Starts a server with a proxy in front of it. `onConnection` handles each connection of the server. */
export function serveBytes(
  onConnection: (socket: Socket) => unknown,
  options?: GuardOptions,
): Promise<Served> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    // After the end of a connection, `onConnection` may fail because it still waits for data.
    void Promise.resolve(onConnection(socket)).catch(() => undefined);
  });
  return serve(server, options);
}

/** A connection that keeps received data. */
export interface Line {
  readonly socket: Socket;
  /** The received data that was kept. */
  readonly text: string;
  /** Whether the other side has reset the connection. */
  readonly wasReset: boolean;
  /** Resolves to the kept data, once it contains a text. */
  until(part: string): Promise<string>;
  /** Resolves to the kept data, once the other side has ended or reset the connection. */
  ended(): Promise<string>;
}

/** Connects to a port. Received bytes are kept as latin1: all of them, or the last `keptBytes`. */
export function dial(port: number, keptBytes?: number): Line {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  return listenTo(socket, keptBytes);
}

export function listenTo(socket: Socket, keptBytes?: number): Line {
  let text = "";
  let isOver = false;
  let wasReset = false;
  let notify = () => {};
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += chunk;
    if (keptBytes !== undefined) text = text.slice(-keptBytes);
    notify();
  });
  const over = () => {
    isOver = true;
    notify();
  };
  socket.on("end", over).on("close", over);
  socket.on("error", (error: NodeJS.ErrnoException) => {
    wasReset ||= error.code === "ECONNRESET";
    over();
  });
  const wait = async (holds: () => boolean, wanted: string): Promise<string> => {
    while (!holds()) {
      if (isOver) throw new Error(`the connection ended before ${wanted}: ${text}`);
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
    }
    return text;
  };
  return {
    socket,
    get text() {
      return text;
    },
    get wasReset() {
      return wasReset;
    },
    until: (part) => wait(() => text.includes(part), JSON.stringify(part)),
    ended: () => wait(() => isOver, "its end"),
  };
}

/** Returns the bytes of a request. `lines` are the headers. */
export function requestOf(firstLine: string, lines: readonly string[], body = ""): string {
  return `${[firstLine, ...lines].join("\r\n")}\r\n\r\n${body}`;
}
