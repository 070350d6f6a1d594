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
    server.once("error", reject).listen(0, "127.0.0.1", BACKLOG, resolve);
  });
  server.unref();
  return (server.address() as AddressInfo).port;
}
