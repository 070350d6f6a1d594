#!/bin/sh
# Runs the main example, installing and building first what is missing or stale.
# With --json it prints one JSON object a line instead of text; with --engine 1.0 its session double speaks
# like an engine of 1.0; with --store <url> it shows, in two terminals, what a shared store is for.

set -eu
cd "$(dirname "$0")/../.."

scripts/prepare.sh
exec node build/examples/dagger/circuit-breaker-example.js "$@"
