#!/bin/sh
# Installs and builds what is needed, then runs every check; `--quick` runs the unit tests alone.

set -eu
cd "$(dirname "$0")/.."
exec node scripts/test.mjs "$@"
