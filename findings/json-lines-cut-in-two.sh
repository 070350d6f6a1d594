#!/bin/sh
# A JSON line with U+2028 in a text is read as two lines by Node.js 24, which Node.js 22 reads as one
#
# Versions: Node.js 24.21.0 and 22.23.3, byline 5.0.0, httpx 0.28.1, requests 2.34.2; split2 4.2.0 and aiohttp 3.14.5 do what the guess expects
# Guess: JSON allows U+2028 and U+0085 within a text, and both `JSON.stringify` and `json.dumps` with
#   `ensure_ascii=False` write them as they are. A reader of JSON lines ends a line only where a line feed
#   stands. So one line is read as one line, before and after an upgrade. (Below: lines read of one written.)
# Seen: `node:readline` and `readLines()` of Node.js 24 end a line at U+2028 as well, and Node.js 22 does not.
#   byline, `iter_lines()` of httpx, and of requests with `decode_unicode=True`, end it at both. Each half is
#   no JSON, so a log whose texts come from users ends its reader with a parsing error.
# Output:
#   Node.js 22.23.3 readline: U+2028 1, U+0085 1
#   Node.js 22.23.3 readLines: U+2028 1, U+0085 1
#   Node.js 24.21.0 readline: U+2028 2, U+0085 1
#   Node.js 24.21.0 readLines: U+2028 2, U+0085 1
#   byline: U+2028 2, U+0085 2
#   split2: U+2028 1, U+0085 1
#   httpx iter_lines: U+2028 2, U+0085 2
#   requests iter_lines, decoded: U+2028 2, U+0085 2
#   requests iter_lines, bytes: U+2028 1, U+0085 1
#   aiohttp content: U+2028 1, U+0085 1
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir old
npm init -y >/dev/null
npm install --no-audit --no-fund --silent byline@5.0.0 split2@4.2.0 node@24.21.0
(cd old && npm init -y >/dev/null && npm install --no-audit --no-fund --silent node@22.23.3)
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check httpx==0.28.1 requests==2.34.2 aiohttp==3.14.5

cat >lines.mjs <<'JS'
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";

const count = async (lines) => {
  let number = 0;
  for await (const _ of lines) number += 1;
  return number;
};
const files = process.argv.slice(2);
const names = ["U+2028", "U+0085"];
const show = async (reader, read) => {
  const seen = [];
  for (const [index, file] of files.entries()) seen.push(`${names[index]} ${await count(await read(file))}`);
  console.log(`${reader}: ${seen.join(", ")}`);
};
const version = `Node.js ${process.versions.node}`;
await show(`${version} readline`, (file) => createInterface({ input: createReadStream(file) }));
await show(`${version} readLines`, async (file) => (await open(file)).readLines());
if (process.versions.node.startsWith("24.")) {
  const [{ default: byline }, { default: split2 }] = [await import("byline"), await import("split2")];
  await show("byline", (file) => byline(createReadStream(file, { encoding: "utf8" })));
  await show("split2", (file) => createReadStream(file).pipe(split2()));
}
JS
cat >lines.py <<'PY'
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import aiohttp
import httpx
import requests

CHARACTERS = {"U+2028": "\u2028", "U+0085": "\u0085"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with open(self.path[1:], "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()


def with_httpx(url):
    with httpx.Client(trust_env=False) as client, client.stream("GET", url) as response:
        return list(response.iter_lines())


def with_requests(url, decoded):
    with requests.Session() as session:
        session.trust_env = False
        return list(session.get(url, stream=True).iter_lines(decode_unicode=decoded))


def with_aiohttp(url):
    async def read():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return [line async for line in response.content]

    return asyncio.run(read())


for reader, read in {
    "httpx iter_lines": with_httpx,
    "requests iter_lines, decoded": lambda url: with_requests(url, True),
    "requests iter_lines, bytes": lambda url: with_requests(url, False),
    "aiohttp content": with_aiohttp,
}.items():
    seen = []
    for name in CHARACTERS:
        lines = read(f"http://127.0.0.1:{server.server_port}/{name}.jsonl")
        seen.append(f"{name} {len(lines)}")
    print(f"{reader}: {', '.join(seen)}")
PY

node_modules/.bin/node -e '
  const { writeFileSync } = require("node:fs");
  for (const [name, code] of [["U+2028", 0x2028], ["U+0085", 0x85]]) {
    writeFileSync(`${name}.jsonl`, `${JSON.stringify({ text: `one${String.fromCharCode(code)}two` })}\n`);
  }'
{
  old/node_modules/.bin/node lines.mjs U+2028.jsonl U+0085.jsonl
  node_modules/.bin/node lines.mjs U+2028.jsonl U+0085.jsonl
  venv/bin/python lines.py
} >seen
cat seen
cat >expected <<'TXT'
Node.js 22.23.3 readline: U+2028 1, U+0085 1
Node.js 22.23.3 readLines: U+2028 1, U+0085 1
Node.js 24.21.0 readline: U+2028 2, U+0085 1
Node.js 24.21.0 readLines: U+2028 2, U+0085 1
byline: U+2028 2, U+0085 2
split2: U+2028 1, U+0085 1
httpx iter_lines: U+2028 2, U+0085 2
requests iter_lines, decoded: U+2028 2, U+0085 2
requests iter_lines, bytes: U+2028 1, U+0085 1
aiohttp content: U+2028 1, U+0085 1
TXT
diff expected seen
