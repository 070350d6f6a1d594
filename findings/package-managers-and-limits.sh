#!/bin/sh
# Package managers react differently to a rate limit: some give up at once, and one retries five times with
# the delay it is asked for
#
# Versions: pip 26.3, uv 0.13.9, yarn 1.22.22, Go 1.26
# Guess: all of them retry, and wait as long as `Retry-After: 3` asks for.
# Seen: only pip waits for 3 s, and retries five times. uv retries three times. Its first retry comes after
#   about 1 s, against the header. yarn 1 and go do not retry, so a single 429 ends the build. go does not
#   retry after 503 either.
# Output:
#   pip, 429: 6 requests, as asked
#   uv, 429: 4 requests, too early
#   yarn, 429: 1 request
#   go, 429: 1 request
#   go, 503: 1 request
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent yarn@1.22.22
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check pip==26.3 uv==0.13.9

cat >main.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";

const lines = [];
const bin = resolve("venv/bin");

async function run(name, status, command, env = {}) {
  const times = [];
  const server = createServer((_request, response) => {
    times.push(performance.now());
    response.writeHead(status, { "retry-after": "3" });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cwd = mkdtempSync("work-");
  writeFileSync(`${cwd}/package.json`, "{}");
  writeFileSync(`${cwd}/go.mod`, "module example.test/work\n");
  const url = `http://127.0.0.1:${server.address().port}`;
  const [program, ...args] = command(url);
  const clean = { PATH: process.env.PATH, HOME: resolve(cwd), GOPATH: resolve("gopath"), GOCACHE: resolve("gocache") };
  const child = spawn(program, args, { cwd, env: { ...clean, ...env, GOPROXY: url }, stdio: "ignore" });
  await once(child, "exit");
  const pauses = times.slice(1).map((time, index) => time - times[index]);
  const heeds = pauses.every((ms) => ms > 2900) ? "as asked" : "too early";
  const count = `${times.length} request${times.length === 1 ? "" : "s"}`;
  lines.push(`${name}, ${status}: ${times.length === 1 ? count : `${count}, ${heeds}`}`);
  server.closeAllConnections();
  server.close();
}
const pip = (url) => [`${bin}/pip`, "download", "--disable-pip-version-check", "--no-cache-dir", "--index-url", `${url}/simple/`, "example-package"];
const uv = (url) => [`${bin}/uv`, "pip", "install", "--no-cache", "--dry-run", "--python", `${bin}/python`, "--index-url", `${url}/simple`, "example-package"];
const yarn = (url) => [process.execPath, resolve("node_modules/yarn/bin/yarn.js"), "add", "example-package", "--registry", url, "--cache-folder", "cache"];
const go = () => ["go", "mod", "download", "example.test/module@v1.0.0"];

await run("pip", 429, pip);
await run("uv", 429, uv);
await run("yarn", 429, yarn);
await run("go", 429, go, { GONOSUMDB: "*", GOTOOLCHAIN: "local" });
await run("go", 503, go, { GONOSUMDB: "*", GOTOOLCHAIN: "local" });
console.log(lines.join("\n"));
const expected = ["6 requests, as asked", "4 requests, too early", "1 request", "1 request", "1 request"];
process.exit(expected.every((end, index) => lines[index].endsWith(`: ${end}`)) ? 0 : 1);
JS
node main.mjs
