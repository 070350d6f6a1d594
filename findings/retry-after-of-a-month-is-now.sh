#!/bin/sh
# A server that asks for a month of silence is asked again within a second by JavaScript clients, and others never read
# the header
#
# Versions: axios-retry 4.5.0, @azure/core-rest-pipeline 1.25.1, @slack/web-api 8.2.0, ofetch 1.5.1, make-fetch-happen 15.0.6, @octokit/plugin-retry 8.1.1; got 16.1.0 and ky 2.1.0 do what the guess expects
# Guess: a client that retries 429 reads `Retry-After`. For a delay of a month (`2592000`, as with a monthly
#   quota) it waits or passes the error on.
# Seen: got and ky behave as guessed. The clients of axios-retry, Azure and Slack wait when they are asked
#   for 60 s. But they give a month to a timer of Node.js, which turns a delay above 24.8 days into 1 ms. So
#   they ask again within about a second, and the first two at once. ofetch, make-fetch-happen and
#   the retry plugin of Octokit retry without reading the header, within about a second.
# Output:
#   got: 60 s: waits; 30 days: passes 429 on
#   ky: 60 s: waits; 30 days: waits
#   axios-retry: 60 s: waits; 30 days: asks again
#   @azure/core-rest-pipeline: 60 s: waits; 30 days: asks again
#   @slack/web-api: 60 s: waits; 30 days: asks again
#   ofetch: 60 s: asks again; 30 days: asks again
#   make-fetch-happen: 60 s: asks again; 30 days: asks again
#   @octokit/plugin-retry: 60 s: asks again; 30 days: asks again
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent got@16.1.0 ky@2.1.0 axios@1.21.1 axios-retry@4.5.0 @azure/core-rest-pipeline@1.25.1 @slack/web-api@8.2.0 ofetch@1.5.1 make-fetch-happen@15.0.6 @octokit/core@7.0.8 @octokit/plugin-retry@8.1.1 node@24.21.0

cat >main.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import * as azure from "@azure/core-rest-pipeline";
import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { WebClient } from "@slack/web-api";
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import fetchOfNpm from "make-fetch-happen";
import { ofetch } from "ofetch";

const pause = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const none = () => {};
const quiet = { debug: none, info: none, warn: none, error: none, setLevel: none, getLevel: none, setName: none };
const lines = [];

/** Returns what a client does within 8 s after its first answer, which asks for `seconds`. */
async function react(call, seconds) {
  const server = createServer((request, response) => {
    request.resume();
    server.emit("asked");
    response.writeHead(429, { "retry-after": `${seconds}` }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  let requests = 0;
  const second = new Promise((resolve) => {
    server.on("asked", () => {
      requests += 1;
      if (requests === 2) resolve("asks again");
    });
  });
  const first = once(server, "asked");
  const ended = call(`http://127.0.0.1:${server.address().port}/`).then(none, none);
  await first;
  const passed = ended.then(() => (requests > 1 ? "asks again" : "passes 429 on"));
  const seen = await Promise.race([second, passed, pause(8000, "waits")]);
  server.closeAllConnections();
  server.close();
  return seen;
}
async function run(name, call) {
  lines.push(`${name}: 60 s: ${await react(call, 60)}; 30 days: ${await react(call, 2_592_000)}`);
}

await run("got", (url) => got(url));
await run("ky", (url) => ky(url));
const retried = axios.create();
axiosRetry(retried, {
  retryCondition: (error) => error.response?.status === 429,
  retryDelay: axiosRetry.exponentialDelay,
});
await run("axios-retry", (url) => retried.get(url));
await run("@azure/core-rest-pipeline", (url) =>
  azure
    .createPipelineFromOptions({})
    .sendRequest(
      azure.createDefaultHttpClient(),
      azure.createPipelineRequest({ url, allowInsecureConnection: true }),
    ),
);
await run("@slack/web-api", (slackApiUrl) =>
  new WebClient("token", { slackApiUrl, logger: quiet }).apiCall("auth.test"),
);
await run("ofetch", (url) => ofetch(url));
await run("make-fetch-happen", (url) => fetchOfNpm(url, { retry: 3 }));
const Retrying = Octokit.plugin(retry);
await run("@octokit/plugin-retry", (url) =>
  new Retrying({ baseUrl: url.slice(0, -1), log: quiet }).request("GET /rate_limit"),
);
console.log(lines.join("\n"));
const expected = [
  "60 s: waits; 30 days: passes 429 on",
  "60 s: waits; 30 days: waits",
  ...Array(3).fill("60 s: waits; 30 days: asks again"),
  ...Array(3).fill("60 s: asks again; 30 days: asks again"),
];
process.exit(expected.every((end, index) => lines[index].endsWith(`: ${end}`)) ? 0 : 1);
JS
node_modules/.bin/node --disable-warning=TimeoutOverflowWarning main.mjs
