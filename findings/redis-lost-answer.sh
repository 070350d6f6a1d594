#!/bin/sh
# Redis clients send a command again when its answer is lost, so a count of one becomes two
#
# Versions: ioredis 6.0.0, @redis/client 6.3.1, redis-py 8.1.0, go-redis 9.23.0, Redis 7
# Guess: when a connection ends before the answer to INCR arrives, the caller gets an error.
# Seen: by default, ioredis, redis-py and go-redis send the INCR again on a new connection. They return 2 as
#   if nothing had happened. Only @redis/client rejects. With `autoResendUnfulfilledCommands: false` ioredis
#   counts once. But its promise is still pending several seconds after it has connected again.
# Output:
#   @redis/client: the caller gets SocketClosedUnexpectedlyError; the counter is 1
#   ioredis: the caller gets 2; the counter is 2
#   ioredis without autoResendUnfulfilledCommands: the caller gets nothing in 3 s; the counter is 1
#   redis-py: the caller gets 2; the counter is 2
#   go-redis: the caller gets 2; the counter is 2
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@6.0.0 @redis/client@6.3.1
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check redis==8.1.0
mkdir go
(
  cd go
  export GOPATH="$dir/gopath" GOFLAGS=-mod=mod
  go mod init example.test/client 2>/dev/null
  cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
)

func main() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Args[1]})
	value, err := client.Incr(context.Background(), "go-redis").Result()
	if err != nil {
		fmt.Print(err)
		return
	}
	fmt.Print(value)
}
GO
  go get github.com/redis/go-redis/v9@v9.23.0 2>/dev/null
  go build -o client .
)
cat >client.py <<'PY'
import sys, redis

try:
    print(redis.Redis(port=int(sys.argv[1])).incr("redis-py"), end="")
except redis.RedisError as error:
    print(type(error).__name__, end="")
PY
cat >main.mjs <<'JS'
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";
import { createClient } from "@redis/client";
import Redis from "ioredis";

const pause = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const closed = createServer().listen(0, "127.0.0.1");
await once(closed, "listening");
const { port } = closed.address();
closed.close();
const server = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" });
process.on("exit", () => server.kill());
const direct = new Redis(port);
direct.on("error", () => {});
await direct.ping();

// Relays everything except the answer to the first INCR. At that answer, it drops the connection.
let key = "";
const gate = createServer((client) => {
  const upstream = connect(port, "127.0.0.1");
  let drops = false;
  client.on("data", (data) => {
    if (key !== "" && /incr/i.test(data) && data.includes(key)) {
      drops = true;
      key = "";
    }
    upstream.write(data);
  });
  upstream.on("data", (data) => (drops ? client.destroy() : client.write(data)));
  for (const [one, other] of [[client, upstream], [upstream, client]]) {
    one.on("error", () => {}).on("close", () => other.destroy());
  }
}).listen(0, "127.0.0.1");
await once(gate, "listening");
const at = gate.address().port;

const lines = [];
async function lose(name, counter, increment) {
  key = counter;
  const told = await Promise.race([
    increment().catch((error) => error.constructor.name),
    pause(3000, "nothing in 3 s"),
  ]);
  lines.push(`${name}: the caller gets ${told}; the counter is ${await direct.get(counter)}`);
}
const quiet = (client) => client.on("error", () => {});
const program = (...command) => async () => {
  const { stdout } = await promisify(execFile)(command[0], command.slice(1), { timeout: 60_000 });
  return stdout;
};

const nodeRedis = await quiet(createClient({ url: `redis://127.0.0.1:${at}` })).connect();
await lose("@redis/client", "node-redis", () => nodeRedis.incr("node-redis"));
const plain = quiet(new Redis(at));
await lose("ioredis", "ioredis", () => plain.incr("ioredis"));
const once1 = quiet(new Redis(at, { autoResendUnfulfilledCommands: false }));
await once1.ping();
await lose("ioredis without autoResendUnfulfilledCommands", "io-once", () => once1.incr("io-once"));
key = "";
await lose("redis-py", "redis-py", program("venv/bin/python", "client.py", at));
await lose("go-redis", "go-redis", program("go/client", at));
console.log(lines.join("\n"));
const expected = [/SocketClosedUnexpectedlyError; .* 1$/, /gets 2; .* 2$/, /nothing in 3 s; .* 1$/, /gets 2; .* 2$/, /gets 2; .* 2$/];
process.exit(expected.every((form, index) => form.test(lines[index])) ? 0 : 1);
JS
node main.mjs
