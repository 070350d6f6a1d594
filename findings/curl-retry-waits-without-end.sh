#!/bin/sh
# curl --retry waits as long as a server asks: --retry-max-time limits that wait, and --max-time does not
#
# Versions: curl 7.88.1 (of the system)
# Guess: `curl --retry 3 --max-time 5` ends after 5 s, or after a few times 5 s.
# Seen: `--max-time` limits each transfer, but not the pauses between transfers. With `Retry-After: 3600`
#   curl sleeps for an hour. With `--retry-max-time` it gives up at once when the server asks for more time
#   than is left.
# Output:
#   curl 7.88.1
#   --retry 3: still waiting after 10 s
#   --retry 3 --max-time 5: still waiting after 10 s
#   --retry 3 --retry-max-time 5: exit code 22, 1 request
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/main.mjs" <<'JS'
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";

const lines = [];
async function run(...options) {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(429, { "retry-after": "3600" });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/`;
  const child = spawn("curl", ["-q", "-fsS", "--noproxy", "*", ...options, url], { stdio: "ignore" });
  const asked = once(server, "request").then(() => new Promise((resolve) => setTimeout(resolve, 10_000, "still waiting after 10 s")));
  const ended = once(child, "exit").then(([code]) => `exit code ${code}, ${requests} request${requests === 1 ? "" : "s"}`);
  lines.push(`${options.join(" ")}: ${await Promise.race([ended, asked])}`);
  child.kill();
  server.closeAllConnections();
  server.close();
}
await run("--retry", "3");
await run("--retry", "3", "--max-time", "5");
await run("--retry", "3", "--retry-max-time", "5");
console.log(execFileSync("curl", ["--version"], { encoding: "utf8" }).split(" ", 2).join(" "));
console.log(lines.join("\n"));
process.exit(/still waiting.*\n.*still waiting.*\n.*: exit code 22, 1 request$/.test(lines.join("\n")) ? 0 : 1);
JS
node "$dir/main.mjs"
