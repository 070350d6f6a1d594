#!/bin/sh
# One OpenTelemetry metric has different names in Prometheus, by the language of the program that exports it
#
# Versions: @opentelemetry/exporter-prometheus 0.301.0, opentelemetry-exporter-prometheus 0.66b2 (Python), go.opentelemetry.io/otel/exporters/prometheus 0.69.0, io.opentelemetry:opentelemetry-exporter-prometheus 1.66.0-alpha
# Guess: the name of an instrument and its unit make one name in Prometheus, in each language. So one alert or
#   panel covers services in all of them.
# Seen: JavaScript leaves the unit out, and the others append it: `_seconds`, `_bytes`. For a gauge with the
#   unit "1", Go appends `_ratio`, and the others append nothing. A query that was written for one language
#   finds no series of another. An alert without series never fires.
# Output:
#   JavaScript: ci_load ci_open_time_total ci_received_total ci_retry_after
#   Python: ci_load ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
#   Go: ci_load_ratio ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
#   Java: ci_load ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @opentelemetry/exporter-prometheus@0.301.0 @opentelemetry/sdk-metrics@3.1.1 @opentelemetry/api@1.10.0 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check opentelemetry-exporter-prometheus==0.66b2 opentelemetry-sdk==1.45.2 prometheus-client==0.26.0

cat >main.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter("test");
meter.createCounter("ci.open.time", { unit: "s" }).add(1);
meter.createCounter("ci.received", { unit: "By" }).add(1);
meter.createGauge("ci.retry.after", { unit: "s" }).record(1);
meter.createGauge("ci.load", { unit: "1" }).record(1);
const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
await once(server.listen(0, "127.0.0.1"), "listening");
process.stdout.write(await (await fetch(`http://127.0.0.1:${server.address().port}/metrics`)).text());
process.exit();
JS
cat >main.py <<'PY'
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

meter = MeterProvider(metric_readers=[PrometheusMetricReader()]).get_meter("test")
meter.create_counter("ci.open.time", unit="s").add(1)
meter.create_counter("ci.received", unit="By").add(1)
meter.create_gauge("ci.retry.after", unit="s").set(1)
meter.create_gauge("ci.load", unit="1").set(1)
print(generate_latest(REGISTRY).decode())
PY
mkdir go
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

func main() {
	exporter, err := prometheus.New()
	if err != nil {
		panic(err)
	}
	meter := sdk.NewMeterProvider(sdk.WithReader(exporter)).Meter("test")
	ctx := context.Background()
	counter := func(name, unit string) {
		made, _ := meter.Int64Counter(name, metric.WithUnit(unit))
		made.Add(ctx, 1)
	}
	gauge := func(name, unit string) {
		made, _ := meter.Float64Gauge(name, metric.WithUnit(unit))
		made.Record(ctx, 1)
	}
	counter("ci.open.time", "s")
	counter("ci.received", "By")
	gauge("ci.retry.after", "s")
	gauge("ci.load", "1")
	page := httptest.NewRecorder()
	promhttp.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Print(page.Body.String())
}
GO
(
  cd go
  export GOPATH="$dir/gopath" GOFLAGS="-mod=mod -modcacherw"
  go mod init example.test/names 2>/dev/null
  go get go.opentelemetry.io/otel/exporters/prometheus@v0.69.0 go.opentelemetry.io/otel/sdk/metric@v1.47.0 github.com/prometheus/client_golang@v1.24.1 2>/dev/null
  go build -o ../names . 2>build.log || { cat build.log; exit 1; }
)
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>test</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.opentelemetry</groupId>
      <artifactId>opentelemetry-exporter-prometheus</artifactId>
      <version>1.66.0-alpha</version>
    </dependency>
    <dependency>
      <groupId>io.opentelemetry</groupId>
      <artifactId>opentelemetry-sdk</artifactId>
      <version>1.66.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Main.java <<'JAVA'
import io.opentelemetry.exporter.prometheus.PrometheusHttpServer;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Main {
  public static void main(String[] args) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    var server = PrometheusHttpServer.builder().setHost("127.0.0.1").setPort(port).build();
    var meter = SdkMeterProvider.builder().registerMetricReader(server).build().get("test");
    meter.counterBuilder("ci.open.time").setUnit("s").build().add(1);
    meter.counterBuilder("ci.received").setUnit("By").build().add(1);
    meter.gaugeBuilder("ci.retry.after").setUnit("s").build().set(1);
    meter.gaugeBuilder("ci.load").setUnit("1").build().set(1);
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build();
    System.out.print(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
    System.exit(0);
  }
}
JAVA
javac -cp 'lib/*' -d classes Main.java

names() {
  sed -n 's/^\(ci_[a-z_]*\).*/\1/p' | LC_ALL=C sort | paste -s -d ' ' -
}
{
  echo "JavaScript: $(node_modules/.bin/node main.mjs | names)"
  echo "Python: $(venv/bin/python main.py | names)"
  echo "Go: $(./names | names)"
  echo "Java: $(java -cp 'classes:lib/*' Main 2>/dev/null | names)"
} >seen
cat seen
cat >expected <<'TXT'
JavaScript: ci_load ci_open_time_total ci_received_total ci_retry_after
Python: ci_load ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
Go: ci_load_ratio ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
Java: ci_load ci_open_time_seconds_total ci_received_bytes_total ci_retry_after_seconds
TXT
diff expected seen
