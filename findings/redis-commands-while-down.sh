#!/bin/sh
# ioredis keeps any number of commands for about 70 s while a server is down, and applies them late
#
# Versions: ioredis 6.0.0, @redis/client 6.3.1, Redis 7
# Guess: a command for a server that is down is rejected after some seconds. `maxRetriesPerRequest` is 20.
#   In ioredis 5, 20 attempts took about 10 s.
# Seen: with the backoff of ioredis 6, 20 attempts take about 70 s. 1000 INCR are sent while the server is
#   down. After 20 s all of them are still pending. When the server is back, all are applied, long after
#   their callers have moved on. @redis/client rejects each command after 5 s and applies none.
# Output:
#   after 20 s without a server: ioredis pending, @redis/client TimeoutError
#   with the server back: ioredis 1000, @redis/client null
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@6.0.0 @redis/client@6.3.1

cat >main.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createClient } from "@redis/client";
import Redis from "ioredis";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const quiet = (client) => client.on("error", () => {});
const closed = createServer().listen(0, "127.0.0.1");
await once(closed, "listening");
const { port } = closed.address();
closed.close();
let server;
process.on("exit", () => server.kill("SIGKILL"));
async function start() {
  server = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" });
  const client = quiet(new Redis(port));
  await client.ping();
  return client;
}
const first = await start();
first.disconnect();
const ioredis = quiet(new Redis(port));
await ioredis.ping();
const nodeRedis = await quiet(createClient({ url: `redis://127.0.0.1:${port}` })).connect();
server.kill("SIGKILL");
await once(server, "close");
while (ioredis.status === "ready" || nodeRedis.isReady) await pause(20);

const told = { ioredis: "pending", nodeRedis: "pending" };
const watch = (name, promise) =>
  promise.then((value) => (told[name] = value), (error) => (told[name] = error.constructor.name));
for (let call = 0; call < 1000; call += 1) {
  watch("ioredis", ioredis.incr("ioredis"));
  watch("nodeRedis", nodeRedis.incr("node-redis"));
}
await pause(20_000);
const lines = [`after 20 s without a server: ioredis ${told.ioredis}, @redis/client ${told.nodeRedis}`];
const direct = await start();
for (let wait = 0; wait < 200 && told.ioredis !== 1000; wait += 1) await pause(100);
lines.push(`with the server back: ioredis ${await direct.get("ioredis")}, @redis/client ${await direct.get("node-redis")}`);
console.log(lines.join("\n"));
const isAsBefore = /ioredis pending, @redis\/client TimeoutError\n.*ioredis 1000, @redis\/client null$/.test(lines.join("\n"));
process.exit(isAsBefore ? 0 : 1);
JS
node main.mjs
