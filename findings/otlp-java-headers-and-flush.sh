#!/bin/sh
# Java's OTLP exporter turns "+" in a header into a blank, and its flush succeeds although all spans are
# lost
#
# Versions: io.opentelemetry:opentelemetry-exporter-otlp 1.68.0
# Guess: `OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic dXNl+cg==` sends that credential, as in JavaScript
#   and Python. `forceFlush().isSuccess()` shows whether the spans have arrived. A redirect is an error.
# Seen: values are decoded like a form, so "+" becomes a blank. That breaks base64, and the collector gets
#   another credential. The flush succeeds although the collector answered 500. After a 302, the exporter
#   sends a GET without the spans, and counts the spans as delivered.
# Output:
#   authorization: Basic dXNl cg==
#   500: flush succeeded
#   302: flush succeeded, last request: GET /other, 0 bytes
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>test</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.opentelemetry</groupId>
      <artifactId>opentelemetry-exporter-otlp</artifactId>
      <version>1.68.0</version>
    </dependency>
    <dependency>
      <groupId>io.opentelemetry</groupId>
      <artifactId>opentelemetry-sdk-extension-autoconfigure</artifactId>
      <version>1.68.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Main.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

public class Main {
  static final AtomicReference<String> LAST = new AtomicReference<>("");
  static final AtomicReference<String> AUTHORIZATION = new AtomicReference<>("");

  /** Exports one span to a collector that answers with a status. Prints how the flush ended. */
  static String flush(int status) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      int size = exchange.getRequestBody().readAllBytes().length;
      String path = exchange.getRequestURI().getPath();
      LAST.set(exchange.getRequestMethod() + " " + path + ", " + size + " bytes");
      if (path.equals("/v1/traces")) AUTHORIZATION.set(exchange.getRequestHeaders().getFirst("Authorization"));
      exchange.getResponseHeaders().set("Location", "/other");
      exchange.sendResponseHeaders(path.equals("/other") ? 200 : status, -1);
      exchange.close();
    });
    server.start();
    Map<String, String> properties = Map.of(
        "otel.exporter.otlp.endpoint", "http://127.0.0.1:" + server.getAddress().getPort(),
        "otel.exporter.otlp.protocol", "http/protobuf",
        "otel.exporter.otlp.headers", "authorization=Basic dXNl+cg==",
        "otel.metrics.exporter", "none",
        "otel.logs.exporter", "none");
    var sdk = AutoConfiguredOpenTelemetrySdk.builder()
        .addPropertiesSupplier(() -> properties).disableShutdownHook().build().getOpenTelemetrySdk();
    sdk.getTracer("test").spanBuilder("test").startSpan().end();
    boolean isSuccess = sdk.getSdkTracerProvider().forceFlush().join(60, TimeUnit.SECONDS).isSuccess();
    sdk.shutdown().join(10, TimeUnit.SECONDS);
    server.stop(0);
    return isSuccess ? "flush succeeded" : "flush failed";
  }

  public static void main(String[] args) throws Exception {
    String lost = flush(500);
    String redirected = flush(302);
    System.out.println("authorization: " + AUTHORIZATION.get());
    System.out.println("500: " + lost);
    System.out.println("302: " + redirected + ", last request: " + LAST.get());
    boolean isAsBefore = AUTHORIZATION.get().equals("Basic dXNl cg==") && lost.equals("flush succeeded")
        && redirected.equals("flush succeeded") && LAST.get().equals("GET /other, 0 bytes");
    System.exit(isAsBefore ? 0 : 1);
  }
}
JAVA
env -u OTEL_EXPORTER_OTLP_ENDPOINT java -cp 'lib/*' Main.java 2>log || { code=$?; cat log; exit "$code"; }
