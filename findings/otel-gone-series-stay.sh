#!/bin/sh
# JavaScript exports an observable series forever after it has ended, and ended series take the place of new
# ones in Python
#
# Versions: @opentelemetry/sdk-metrics 3.1.1 and 2.12.1, opentelemetry-sdk 1.45.2, go.opentelemetry.io/otel/sdk/metric 1.47.0
# Guess: a callback that observes only "b" exports only "b", whatever it observed before. The limit of 2,000
#   series counts only series that are observed now.
# Seen: JavaScript exports every series that was ever observed again, with its last value. After 2,600
#   series, a single new series goes into the overflow. Python stops exporting series that have ended, but
#   its limit counts them. So the new series goes into the overflow too. Only Go behaves as guessed.
# Output:
#   JavaScript 3.1.1: a b; then a b; after 2600 others the only one is in the overflow
#   JavaScript 2.12.1: a b; then a b; after 2600 others the only one is in the overflow
#   Python 1.45.2: a b; then b; after 2600 others the only one is in the overflow
#   Go 1.47.0: a b; then b; after 2600 others the only one is exported
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir new old
(cd new && npm init -y >/dev/null &&
  npm install --no-audit --no-fund --silent @opentelemetry/sdk-metrics@3.1.1 @opentelemetry/api@1.10.0)
(cd old && npm init -y >/dev/null &&
  npm install --no-audit --no-fund --silent @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/api@1.9.1)
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2

cat >main.mjs <<'JS'
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/${process.argv[2]}/`);
const { MeterProvider, MetricReader } = require("@opentelemetry/sdk-metrics");

class Reader extends MetricReader {
  async onShutdown() {}
  async onForceFlush() {}
}
const reader = new Reader();
let names = [];
new MeterProvider({ readers: [reader] })
  .getMeter("test")
  .createObservableGauge("open")
  .addCallback((result) => {
    for (const circuit of names) result.observe(1, { circuit });
  });

async function exported(now) {
  names = now;
  const { resourceMetrics } = await reader.collect();
  const points = resourceMetrics.scopeMetrics[0].metrics[0].dataPoints;
  return points.map(({ attributes }) => attributes.circuit ?? "overflow");
}

const both = await exported(["a", "b"]);
const one = await exported(["b"]);
await exported(Array.from({ length: 2600 }, (_, n) => `n${n}`));
const last = await exported(["last"]);
const fate = last.includes("last") ? "exported" : last.includes("overflow") ? "in the overflow" : "lost";
console.log(`${both.join(" ")}; then ${one.join(" ")}; after 2600 others the only one is ${fate}`);
JS
cat >main.py <<'PY'
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

names = []
reader = InMemoryMetricReader()
meter = MeterProvider(metric_readers=[reader]).get_meter("test")
meter.create_observable_gauge("open", [lambda options: [Observation(1, {"circuit": n}) for n in names]])


def exported(now):
    names[:] = now
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    return [point.attributes.get("circuit", "overflow") for point in metrics[0].data.data_points]


both, one = exported(["a", "b"]), exported(["b"])
exported([f"n{n}" for n in range(2600)])
last = exported(["last"])
fate = "exported" if "last" in last else "in the overflow" if "overflow" in last else "lost"
print(f"{' '.join(both)}; then {' '.join(one)}; after 2600 others the only one is {fate}")
PY
mkdir go
cat >go/go.mod <<'MOD'
module test

go 1.24
MOD
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func main() {
	var names []string
	reader := sdk.NewManualReader()
	meter := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")
	observe := func(_ context.Context, observer metric.Int64Observer) error {
		for _, name := range names {
			observer.Observe(1, metric.WithAttributes(attribute.String("circuit", name)))
		}
		return nil
	}
	if _, err := meter.Int64ObservableGauge("open", metric.WithInt64Callback(observe)); err != nil {
		panic(err)
	}
	exported := func(now ...string) []string {
		names = now
		var data metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &data); err != nil {
			panic(err)
		}
		var seen []string
		for _, point := range data.ScopeMetrics[0].Metrics[0].Data.(metricdata.Gauge[int64]).DataPoints {
			name := "overflow"
			if value, ok := point.Attributes.Value("circuit"); ok {
				name = value.AsString()
			}
			seen = append(seen, name)
		}
		slices.Sort(seen)
		return seen
	}
	both, one := exported("a", "b"), exported("b")
	var others []string
	for n := range 2600 {
		others = append(others, fmt.Sprint("n", n))
	}
	exported(others...)
	last := exported("last")
	fate := "lost"
	if slices.Contains(last, "last") {
		fate = "exported"
	} else if slices.Contains(last, "overflow") {
		fate = "in the overflow"
	}
	fmt.Printf("%s; then %s; after 2600 others the only one is %s\n", strings.Join(both, " "), strings.Join(one, " "), fate)
}
GO

{
  echo "JavaScript 3.1.1: $(node main.mjs new)"
  echo "JavaScript 2.12.1: $(node main.mjs old)"
  echo "Python 1.45.2: $(venv/bin/python main.py)"
  cd go
  go get go.opentelemetry.io/otel/sdk/metric@v1.47.0 >/dev/null 2>&1
  echo "Go 1.47.0: $(go run .)"
  cd ..
} >seen
cat seen
cat >expected <<'TXT'
JavaScript 3.1.1: a b; then a b; after 2600 others the only one is in the overflow
JavaScript 2.12.1: a b; then a b; after 2600 others the only one is in the overflow
Python 1.45.2: a b; then b; after 2600 others the only one is in the overflow
Go 1.47.0: a b; then b; after 2600 others the only one is exported
TXT
diff expected seen
