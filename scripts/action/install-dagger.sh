#!/bin/sh
# Installs the dagger command for this job, in the version of INPUT_VERSION. An installed dagger command
# stays unchanged. Does nothing when the installed command already has that version.

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
  # `dagger version` prints: dagger v0.19.11 (...) linux/amd64
  installed=$(dagger version 2>/dev/null | sed -n 's/^dagger v\{0,1\}\([^ ]*\).*/\1/p' | head -n 1)
  [ "$installed" != "$version" ] || exit 0
fi

folder=${RUNNER_TEMP:-/tmp}/dagger-breaker
mkdir -p "$folder/bin"
# The script goes to a file first, because half of a script must not run. The retries need a time limit of
# their own: curl would otherwise sleep as long as a `Retry-After` asks for. A server that never answers
# would block the job forever.
curl -fsSL --connect-timeout 10 --max-time 60 --retry 3 --retry-max-time 60 \
  -o "$folder/install.sh" https://dl.dagger.io/dagger/install.sh
BIN_DIR=$folder/bin DAGGER_VERSION=$version sh "$folder/install.sh" >&2
echo "$folder/bin" >>"$GITHUB_PATH"
