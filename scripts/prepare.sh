#!/bin/sh
# Installs packages, and builds dist/ and the examples in build/examples/, when they are missing or stale.
# Prints nothing when there is nothing to do. All messages go to stderr.

set -eu
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null 2>&1; then
  echo "Node.js is not installed: version 20.19 or later is needed (https://nodejs.org)." >&2
  exit 1
fi
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) process.exit(0);
  console.error(`This is Node.js ${process.versions.node}: version 20.19 or later is needed.`);
  process.exit(1);
'

# Returns whether $1 is missing, or older than anything in the files and folders after it.
is_stale() {
  product=$1
  shift
  [ ! -e "$product" ] || [ -n "$(find "$@" -newer "$product" -print | head -n 1)" ]
}

# Runs the command that makes $1. After a failure, an incomplete product is kept but stays stale.
make_product() {
  product=$1
  shift
  echo "prepare: $*" >&2
  if ! "$@" >&2; then
    touch -c -t 197001010000 "$product"
    echo "prepare: \"$*\" failed." >&2
    exit 1
  fi
}

# npm writes this file last, so it shows that the installation is complete.
packages=node_modules/.package-lock.json
if is_stale "$packages" package-lock.json; then
  make_product "$packages" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi

library=dist/index.js
if is_stale "$library" src tsconfig.json tsconfig.build.json "$packages"; then
  make_product "$library" npm run --silent build
fi

examples=build/examples/dagger/circuit-breaker-example.js
if is_stale "$examples" examples tsconfig.json "$library"; then
  make_product "$examples" node_modules/.bin/tsc -p examples/tsconfig.json
fi
