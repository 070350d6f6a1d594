/** An HTTP proxy that records requests and forwards none of them. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The proxy of a company's network, which users set in `HTTP_PROXY`. */
export class HttpProxyTrap implements AsyncDisposable {
  /** The method and address of each request so far. */
  readonly asked: string[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    });
    server.on("connect", (request, socket) => {
      this.asked.push(`CONNECT ${request.url}`);
      socket.on("error", () => {});
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
  }

  static async start(): Promise<HttpProxyTrap> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new HttpProxyTrap(server);
  }

  /** Returns the variables that point to the proxy, in both spellings. */
  get environment(): Record<string, string> {
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    return Object.fromEntries(names.map((name) => [name, this.url]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
