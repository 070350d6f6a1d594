/** Starts a real cluster of three masters. */

import { RedisServer, until } from "./redis-server.js";

const SLOTS = 16_384;
const MASTERS = 3;

/** Starts the servers and assigns the slots. Resolves when all servers know each other. */
export async function startCluster(): Promise<readonly RedisServer[]> {
  const config = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const servers = await Promise.all(
    Array.from({ length: MASTERS }, () => RedisServer.start({ config })),
  );
  const [first] = servers;
  for (const [index, server] of servers.entries()) {
    const from = Math.floor((index * SLOTS) / MASTERS);
    const to = Math.floor(((index + 1) * SLOTS) / MASTERS) - 1;
    await server.send("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    await server.send("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    if (first !== undefined && server !== first) {
      await first.send("CLUSTER", "MEET", "127.0.0.1", String(server.port));
    }
  }
  for (const server of servers) {
    await until(async () => {
      const info = String(await server.send("CLUSTER", "INFO"));
      return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${MASTERS}`);
    });
  }
  return servers;
}
