/** Listens on this machine only. */

import type { AddressInfo, Server } from "node:net";
import { BACKLOG } from "./backlog.js";

/**
 * Makes a server listen on a free port of 127.0.0.1. The server does not keep the process alive.
 *
 * @returns The port.
 * @throws The system's error if no port is available.
 */
export async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const place = { host: "127.0.0.1", port: 0, exclusive: true, backlog: BACKLOG };
    server.once("error", reject).listen(place, resolve);
  });
  // Without this listener, a connection that cannot be accepted would crash the process.
  server.on("error", () => undefined).unref();
  return (server.address() as AddressInfo).port;
}
