#!/bin/sh
# pip reports a package as missing when its index is down, limits the rate or denies access
#
# Versions: pip 26.3
# Guess: the last lines of the output contain the status. Only a 404 ends with "no matching distribution".
# Seen: 403, 429, 500, 502 and 503 end with the same text as 404, on standard error and standard output. The
#   output contains no status. A reader of the CI log therefore looks for a typing error.
# Output:
#   404: exit 1: ERROR: No matching distribution found for example-package
#   403: exit 1: ERROR: No matching distribution found for example-package
#   429: exit 1: ERROR: No matching distribution found for example-package
#   500: exit 1: ERROR: No matching distribution found for example-package
#   502: exit 1: ERROR: No matching distribution found for example-package
#   503: exit 1: ERROR: No matching distribution found for example-package
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
pip="$dir/venv/bin/pip"
"$pip" install -q --disable-pip-version-check pip==26.3

cat >"$dir/main.py" <<'PY'
import http.server, subprocess, sys, threading

class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
threading.Thread(target=server.serve_forever, daemon=True).start()
changed = False
for status in (404, 403, 429, 500, 502, 503):
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-cache-dir", "--retries", "1",
         "--index-url", f"http://127.0.0.1:{server.server_port}/{status}/simple/", "example-package"],
        capture_output=True, text=True, cwd=sys.argv[1])
    last = ran.stderr.strip().splitlines()[-1]
    print(f"{status}: exit {ran.returncode}: {last}")
    words = (ran.stdout + ran.stderr).replace(f":{server.server_port}/{status}/", "/")
    changed |= str(status) in words or last != "ERROR: No matching distribution found for example-package"
sys.exit("pip names the status now" if changed else 0)
PY
PIP_CONFIG_FILE=/dev/null "$dir/venv/bin/python" "$dir/main.py" "$dir"
