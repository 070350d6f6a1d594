#!/bin/sh
# Installs missing packages, then runs the checks. See --help.

set -eu
cd "$(dirname "$0")/.."
if ! command -v node >/dev/null 2>&1; then
  echo "Node.js is not installed: version 20.19 or later is needed (https://nodejs.org)." >&2
  exit 1
fi
exec node scripts/test.mjs "$@"
