#!/bin/sh
# OTEL_EXPORTER_OTLP_TIMEOUT is in milliseconds in JavaScript and in seconds in Python
#
# Versions: @opentelemetry/exporter-trace-otlp-http 0.301.0, opentelemetry-exporter-otlp-proto-http 1.45.2
# Guess: a variable of one specification has one unit. So 1500, set for a whole CI job, means 1.5 s.
# Seen: the value is 1500, and the collector answers after 4 s. JavaScript gives up after 1.5 s. Python
#   waits for the answer, because it takes 1500 for 25 minutes. A collector that never answers delays the
#   end of a Python program for that long. With the value 1, Python gives up after 1 s.
# Output:
#   JavaScript, 1500: Request timed out
#   Python, 1500: delivered
#   Python, 1: not delivered
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @opentelemetry/exporter-trace-otlp-http@0.301.0 @opentelemetry/api@1.10.0 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check opentelemetry-exporter-otlp-proto-http==1.45.2

cat >client.py <<'PY'
import sys
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

span = TracerProvider().get_tracer("test").start_span("test")
span.end()
result = OTLPSpanExporter(endpoint=sys.argv[1]).export([span])
print("delivered" if result == SpanExportResult.SUCCESS else "not delivered", end="")
PY
cat >main.mjs <<'JS'
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";

const server = createServer((request, response) => {
  request.resume();
  setTimeout(() => response.end(), 4000);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/v1/traces`;

process.env.OTEL_EXPORTER_OTLP_TIMEOUT = "1500";
const javascript = await new Promise((resolve) => {
  new OTLPTraceExporter({ url }).export([], ({ error }) => resolve(error?.message ?? "delivered"));
});
const python = async (timeout) => {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_TIMEOUT: timeout };
  return (await promisify(execFile)("venv/bin/python", ["client.py", url], { env })).stdout;
};
const lines = [
  `JavaScript, 1500: ${javascript}`,
  `Python, 1500: ${await python("1500")}`,
  `Python, 1: ${await python("1")}`,
];
console.log(lines.join("\n"));
const isAsBefore = /timed out\n.*: delivered\n.*: not delivered$/.test(lines.join("\n"));
process.exit(isAsBefore ? 0 : 1);
JS
node_modules/.bin/node main.mjs
