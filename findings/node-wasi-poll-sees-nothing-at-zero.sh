#!/bin/sh
# In Node.js, a WASI poll with a time limit of 0 never reports a readable descriptor
#
# Versions: Node.js 24.21.0 (20.20.2 and 22.23.3 do the same)
# Guess: `poll_oneoff` with a readable descriptor and a clock of 0 ns reports the descriptor, as poll(2)
#   does with a time limit of 0.
# Seen: it always reports only the clock. With 1 s it reports the descriptor. Even a clock of a few
#   milliseconds can end before the descriptor is checked. So on a busy machine, a short limit can miss a
#   readable descriptor.
# Output:
#   v24.21.0: 1 s descriptor x 100; 0 ns clock x 100
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0

cat >main.mjs <<'JS'
import { WASI } from "node:wasi";

const NAMES = ["clock", "descriptor"];
const memory = new WebAssembly.Memory({ initial: 1 });
const wasi = new WASI({ version: "preview1", stdin: 0, returnOnExit: true });
wasi.initialize({ exports: { memory } });

/** Polls descriptor 0 for reading together with a clock. Returns the kinds of the events. */
function poll(limitNs) {
  const view = new DataView(memory.buffer);
  view.setUint8(8, 1); // Subscription 0: readable.
  view.setUint8(48 + 8, 0); // Subscription 1: a monotonic clock.
  view.setUint32(48 + 16, 1, true);
  view.setBigUint64(48 + 24, limitNs, true);
  if (wasi.wasiImport.poll_oneoff(0, 128, 2, 256) !== 0) return "error";
  const count = view.getUint32(256, true);
  return Array.from({ length: count }, (_, n) => NAMES[view.getUint8(128 + 32 * n + 10)]).join("+");
}

/** Polls 100 times, and counts each kind of result. */
function seen(limitNs) {
  const counts = new Map();
  for (let n = 0; n < 100; n += 1) {
    const events = poll(limitNs);
    counts.set(events, (counts.get(events) ?? 0) + 1);
  }
  return [...counts].map(([events, count]) => `${events} x ${count}`).join(", ");
}

const line = `1 s ${seen(1_000_000_000n)}; 0 ns ${seen(0n)}`;
console.log(`${process.version}: ${line}`);
process.exitCode = line === "1 s descriptor x 100; 0 ns clock x 100" ? 0 : 1;
JS

printf hello | node_modules/.bin/node --no-warnings main.mjs
