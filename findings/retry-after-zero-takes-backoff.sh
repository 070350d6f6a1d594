#!/bin/sh
# After `Retry-After: 0` or a date in the past, JavaScript clients retry without backoff, and retry-axios does not retry
#
# Versions: got 16.1.0, ky 2.1.0, undici 8.13.1 (RetryAgent), retry-axios 4.0.3; axios-retry 4.5.0 does what the guess expects
# Guess: `Retry-After` is the least delay that a server asks for. With 0, or with a date that is past because the
#   server's clock is a minute behind, a client waits for its own backoff.
# Seen: axios-retry behaves as guessed. got and ky send all their retries at once for both values, and undici
#   does so for 0. An overloaded server gets them without a pause, and they are spent before a short outage
#   ends. retry-axios passes the error on without a retry, although it is told to retry 429.
# Output:
#   got: no header: backoff; 0: at once; past: at once
#   ky: no header: backoff; 0: at once; past: at once
#   undici: no header: backoff; 0: at once; past: backoff
#   retry-axios: no header: backoff; 0: no retry; past: no retry
#   axios-retry: no header: backoff; 0: backoff; past: backoff
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent got@16.1.0 ky@2.1.0 undici@8.13.1 axios@1.21.1 retry-axios@4.0.3 axios-retry@4.5.0 node@24.21.0

cat >main.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import * as rax from "retry-axios";
import { Agent, RetryAgent, request } from "undici";

const none = () => {};
const lines = [];

/** Returns whether a client pauses between its first three requests, all of which get 429 and this header. */
async function react(call, header) {
  const times = [];
  const server = createServer((_request, response) => {
    times.push(performance.now());
    response.writeHead(429, header()).end();
    if (times.length === 3) server.emit("third");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const ended = call(`http://127.0.0.1:${server.address().port}/`).then(none, none);
  await Promise.race([once(server, "third"), ended]);
  server.closeAllConnections();
  server.close();
  if (times.length < 3) return times.length === 1 ? "no retry" : "one retry";
  return times[2] - times[0] > 800 ? "backoff" : "at once";
}
async function run(name, call) {
  const without = await react(call, () => ({}));
  const zero = await react(call, () => ({ "retry-after": "0" }));
  const past = await react(call, () => ({ "retry-after": new Date(Date.now() - 60_000).toUTCString() }));
  lines.push(`${name}: no header: ${without}; 0: ${zero}; past: ${past}`);
}

await run("got", (url) => got(url));
await run("ky", (url) => ky(url));
await run("undici", (url) => request(url, { dispatcher: new RetryAgent(new Agent()) }));
const attached = axios.create();
rax.attach(attached);
attached.defaults.raxConfig = { retry: 3, backoffType: "static", retryDelay: 500, statusCodesToRetry: [[429, 429]] };
await run("retry-axios", (url) => attached.get(url));
const retried = axios.create();
axiosRetry(retried, {
  retryCondition: (error) => error.response?.status === 429,
  retryDelay: (count, error) => axiosRetry.exponentialDelay(count, error, 500),
});
await run("axios-retry", (url) => retried.get(url));

console.log(lines.join("\n"));
const expected = [
  "0: at once; past: at once",
  "0: at once; past: at once",
  "0: at once; past: backoff",
  "0: no retry; past: no retry",
  "0: backoff; past: backoff",
];
process.exit(expected.every((end, index) => lines[index].endsWith(`: no header: backoff; ${end}`)) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
