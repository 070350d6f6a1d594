#!/bin/sh
# In opossum, one failure after a successful probe opens the circuit again, because the window is kept
#
# Versions: opossum 10.0.0
# Guess: a circuit that a probe has closed starts with an empty window. So it can open only after
#   `volumeThreshold` calls.
# Seen: the rolling window of 10 s still contains the failures from before the circuit opened. With
#   `volumeThreshold: 5`, the probe closes the circuit. The first failure after that opens it again, even
#   after 3 more successes.
# Output:
#   after the probe: closed; after 3 more successes: closed; after 1 failure: open
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent opossum@10.0.0 node@24.21.0

cat >main.mjs <<'JS'
import Opossum from "opossum";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let isDown = true;
const breaker = new Opossum(
  async () => {
    if (isDown) throw new Error("down");
  },
  { timeout: false, resetTimeout: 50, errorThresholdPercentage: 50, volumeThreshold: 5 },
);
const state = () => (breaker.opened ? "open" : breaker.halfOpen ? "half-open" : "closed");
for (let call = 0; call < 5; call += 1) await breaker.fire().catch(() => {});
while (!breaker.halfOpen) await pause(10);
isDown = false;
await breaker.fire();
const probed = state();
for (let call = 0; call < 3; call += 1) await breaker.fire();
const healthy = state();
isDown = true;
await breaker.fire().catch(() => {});
const line = `after the probe: ${probed}; after 3 more successes: ${healthy}; after 1 failure: ${state()}`;
console.log(line);
breaker.shutdown();
process.exit(/closed;.*closed;.*open$/.test(line) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
