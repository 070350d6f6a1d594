#!/bin/sh
# Node.js reports success for a child that a real-time signal has ended
#
# Versions: Node.js 24.21.0
# Guess: one of the two arguments of the event `exit` is not null, as documented. A child that a signal
#   ended has no exit code. A shell returns 128 plus the number of the signal.
# Seen: Node.js has no names for some signals, such as 40. After such a signal the exit code is 0 and the
#   signal is null, so the child seems to have succeeded. `spawnSync` returns no exit code and an empty
#   name.
# Output:
#   v24.21.0: exit 0 null; spawnSync null ""; sh 168
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0

cat >main.cjs <<'JS'
const { spawn, spawnSync } = require("node:child_process");

const killed = ["-c", "kill -40 $$"];
spawn("sh", killed).on("exit", (code, signal) => {
  const { status, signal: name } = spawnSync("sh", killed);
  const shell = spawnSync("sh", ["-c", "sh -c 'kill -40 $$'; echo $?"], { encoding: "utf8" });
  const line = `exit ${code} ${signal}; spawnSync ${status} ${JSON.stringify(name)}; sh ${shell.stdout.trim()}`;
  console.log(`${process.version}: ${line}`);
  process.exit(line === 'exit 0 null; spawnSync null ""; sh 168' ? 0 : 1);
});
JS

node_modules/.bin/node main.cjs
