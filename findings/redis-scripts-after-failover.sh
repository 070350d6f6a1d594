#!/bin/sh
# After a failover, Redis has lost all loaded scripts, and ioredis then runs only a part of a MULTI
#
# Versions: Redis 7, ioredis 6.0.0
# Guess: a replica is a copy of its master, including scripts. When EVALSHA returns NOSCRIPT, a client that
#   has the text of the script loads it again.
# Seen: the replica has the values and the FUNCTION libraries, but not the scripts of SCRIPT LOAD. For a
#   single command and for a pipeline, ioredis loads the script again. Within `multi()`, the script fails
#   with NOSCRIPT, while the other commands of the transaction are applied.
# Output:
#   on the replica: value 1, function libraries 1, scripts 0
#   ioredis on the new master: single 2, pipeline 3, multi "NOSCRIPT No matching script. Please use EVAL." and "OK"
#   set by the same multi: yes
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@6.0.0

cat >main.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import Redis from "ioredis";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function start(...options) {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address();
  closed.close();
  const server = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", "", ...options], { stdio: "ignore" });
  process.on("exit", () => server.kill("SIGKILL"));
  const client = new Redis(port, {
    scripts: { bump: { lua: "return redis.call('incr', KEYS[1])", numberOfKeys: 1 } },
  }).on("error", () => {});
  await client.ping();
  return { port, server, client };
}
const master = await start("--repl-diskless-sync-delay", "0");
const replica = await start("--replicaof", "127.0.0.1", master.port);
while (!/master_link_status:up/.test(await replica.client.info("replication"))) await pause(50);

const sha = await master.client.script("LOAD", "return redis.call('incr', KEYS[1])");
await master.client.evalsha(sha, 1, "count");
await master.client.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
await master.client.set("last", "1");
while ((await replica.client.get("last")) === null) await pause(50);
const libraries = await replica.client.call("FUNCTION", "LIST");
const [known] = await replica.client.script("EXISTS", sha);
const lines = [
  `on the replica: value ${await replica.client.get("count")}, function libraries ${libraries.length}, scripts ${known}`,
];

master.server.kill("SIGKILL");
master.client.disconnect();
const { client } = replica;
await client.replicaof("NO", "ONE");
// A failover removes scripts that the client has already used. SCRIPT FLUSH has the same effect.
const single = await client.bump("count");
await client.script("FLUSH");
const [[, piped]] = await client.pipeline().bump("count").exec();
await client.script("FLUSH");
const multi = await client.multi().bump("count").set("beside", "1").exec();
const shown = multi.map(([error, value]) => JSON.stringify(error?.message ?? value)).join(" and ");
lines.push(`ioredis on the new master: single ${single}, pipeline ${piped}, multi ${shown}`);
lines.push(`set by the same multi: ${(await client.get("beside")) === "1" ? "yes" : "no"}`);
console.log(lines.join("\n"));
const text = lines.join("\n");
process.exit(/value 1, function libraries 1, scripts 0\n.*single 2, pipeline 3, multi "NOSCRIPT.*"OK"\n.*yes$/.test(text) ? 0 : 1);
JS
node main.mjs
