#!/bin/sh
# One header makes HTTP clients sleep for an hour, even when no retry of answers is configured
#
# Versions: urllib3 2.8.0, requests 2.34.2, got 16.1.0, ky 2.1.0, undici 8.13.1
# Guess: a client retries only the answers for which a retry is configured, and limits its wait.
# Seen: with `Retry-After: 3600`, urllib3 sleeps for the hour by default, after 413, 429 and 503. requests
#   with `max_retries=3` does too, although its documentation limits that option to failed connections. So
#   does requests with `Retry(status_forcelist=[502])`. got and ky sleep with their defaults. undici's
#   RetryAgent does the opposite: its `maxTimeout` shortens a `Retry-After`, so that it retries too early.
# Output:
#   urllib3 default, 429: waits
#   urllib3 default, 413: waits
#   requests default, 429: 429
#   requests max_retries=3, 429: waits
#   requests Retry(status_forcelist=[502]), 429: waits
#   got, 429: waits
#   ky, 429: waits
#   undici RetryAgent, 429 with Retry-After: 60 and maxTimeout of 500 ms: asked again too early
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent got@16.1.0 ky@2.1.0 undici@8.13.1 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check urllib3==2.8.0 requests==2.34.2

cat >client.py <<'PY'
import sys, requests, urllib3
from requests.adapters import HTTPAdapter

def session(retries):
    made = requests.Session()
    made.mount("http://", HTTPAdapter(max_retries=retries))
    return made

CALLS = {
    "urllib3": lambda url: urllib3.PoolManager().request("GET", url).status,
    "requests": lambda url: requests.get(url).status_code,
    "retries": lambda url: session(3).get(url).status_code,
    "forcelist": lambda url: session(urllib3.Retry(total=3, status_forcelist=[502])).get(url).status_code,
}
print(CALLS[sys.argv[1]](sys.argv[2]), end="")
PY
cat >main.mjs <<'JS'
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import got from "got";
import ky from "ky";
import { Agent, fetch, RetryAgent } from "undici";

const pause = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const lines = [];

/** Returns the result of a call, or "waits" when it has none 5 s after its first request. */
async function run(name, status, call, seconds = 3600) {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(requests === 1 ? status : 200, { "retry-after": `${seconds}` });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const asked = once(server, "request");
  const told = call(`http://127.0.0.1:${server.address().port}/`).catch((error) => error.name);
  await asked;
  const outcome = await Promise.race([told, pause(5000, "waits")]);
  lines.push(`${name}: ${requests > 1 ? "asked again too early" : outcome}`);
  server.closeAllConnections();
  server.close();
}
const python = (way) => (url) =>
  new Promise((resolve) => {
    const child = execFile("venv/bin/python", ["client.py", way, url], (_error, stdout) => resolve(stdout));
    setTimeout(() => child.kill(), 60_000).unref();
    process.on("exit", () => child.kill());
  });

await run("urllib3 default, 429", 429, python("urllib3"));
await run("urllib3 default, 413", 413, python("urllib3"));
await run("requests default, 429", 429, python("requests"));
await run("requests max_retries=3, 429", 429, python("retries"));
await run("requests Retry(status_forcelist=[502]), 429", 429, python("forcelist"));
await run("got, 429", 429, async (url) => (await got(url)).statusCode);
await run("ky, 429", 429, async (url) => (await ky(url)).status);
const dispatcher = new RetryAgent(new Agent(), { maxRetries: 2, maxTimeout: 500 });
await run(
  "undici RetryAgent, 429 with Retry-After: 60 and maxTimeout of 500 ms",
  429,
  async (url) => (await fetch(url, { dispatcher })).status,
  60,
);
console.log(lines.join("\n"));
const expected = ["waits", "waits", "429", "waits", "waits", "waits", "waits", "asked again too early"];
process.exit(expected.every((end, index) => lines[index].endsWith(`: ${end}`)) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
