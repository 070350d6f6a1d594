#!/bin/sh
# Runs the main example, installing and building first what is missing or stale.
# With --json it prints one JSON object a line instead of text.

set -eu
cd "$(dirname "$0")/../.."

scripts/prepare.sh
exec node build/examples/dagger/circuit-breaker-example.js "$@"
