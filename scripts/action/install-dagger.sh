#!/bin/sh
# Installs the dagger command of the version in INPUT_VERSION for this job, beside one that is there.
# Does nothing when that one has the version already.

set -eu

version=${INPUT_VERSION#v}
case $version in
  latest) ;;
  '' | *[!0-9A-Za-z.+-]* | [!0-9]*)
    echo "input \"version\" is wrong, expected latest or a version such as v0.19.11" >&2
    exit 64
    ;;
esac

if [ "$version" != latest ] && command -v dagger >/dev/null 2>&1; then
  # It says: dagger v0.19.11 (...) linux/amd64
  installed=$(dagger version 2>/dev/null | sed -n 's/^dagger v\{0,1\}\([^ ]*\).*/\1/p' | head -n 1)
  [ "$installed" != "$version" ] || exit 0
fi

folder=${RUNNER_TEMP:-/tmp}/dagger-breaker
mkdir -p "$folder/bin"
# To a file first: a script that came in part must not run. Without a limit of its own for the retries curl
# sleeps as long as a `Retry-After` asks for, and one that never answers would hold the job for ever.
curl -fsSL --connect-timeout 10 --max-time 60 --retry 3 --retry-max-time 60 \
  -o "$folder/install.sh" https://dl.dagger.io/dagger/install.sh
BIN_DIR=$folder/bin DAGGER_VERSION=$version sh "$folder/install.sh" >&2
echo "$folder/bin" >>"$GITHUB_PATH"
