#!/bin/sh
# The Python SDK of Dagger loses the output of a CLI that ends early
#
# Versions: dagger-io 0.21.11, dagger-io 1.0.0b21
# Guess: when a CLI ends and prints its reason on standard error, the SDK's error contains that reason.
# Seen: the SDK checks whether the process has ended as soon as its output ends. The output ends before the
#   process does. While the CLI is still ending, the error is "No connection params" and lacks the CLI's
#   output. With an ordinary CLI, either error can occur, by chance. The CLI of this script takes 0.2 s to
#   end. With log_output=sys.stderr the SDK prints the reason.
# Output:
#   dagger-io 0.21.11: SessionError: Failed to start Dagger engine session: No connection params
#   dagger-io 1.0.0b21: SessionError: Failed to start Dagger engine session: No connection params
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/dagger" <<'SH'
#!/bin/sh
echo "no engine here" >&2
exec >&-
sleep 0.2
exit 1
SH
chmod +x "$dir/dagger"

cat >"$dir/main.py" <<'PY'
import asyncio, importlib.metadata, sys
import dagger

async def main():
    try:
        async with dagger.Connection():
            pass
    except dagger.DaggerError as error:
        print(f"dagger-io {importlib.metadata.version('dagger-io')}: {type(error).__name__}: {error}")
        return "the reason is told now" if "no engine here" in str(error) else 0
    return "connected"

sys.exit(asyncio.run(main()))
PY

for version in 0.21.11 1.0.0b21; do
  python3 -m venv "$dir/$version"
  "$dir/$version/bin/pip" install -q --disable-pip-version-check "dagger-io==$version"
  _EXPERIMENTAL_DAGGER_CLI_BIN="$dir/dagger" "$dir/$version/bin/python" "$dir/main.py" 2>"$dir/stderr"
  if grep -q "no engine here" "$dir/stderr"; then
    echo "the reason is printed now" >&2
    exit 1
  fi
done
