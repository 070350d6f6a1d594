#!/bin/sh
# Runs the main example. Installs and builds first when something is missing or stale.
# - --json prints one JSON object per line instead of text
# - --engine 1.0 makes the session double imitate an engine of 1.0
# - --store <url> shows, in two terminals, why a shared store helps

set -eu
cd "$(dirname "$0")/../.."

scripts/prepare.sh
exec node build/examples/dagger/circuit-breaker-example.js "$@"
