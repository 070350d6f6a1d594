// Acts as a command in a container that forges a failed download in its traces.
const [traces, call] = process.argv.slice(2);
const { encodeSpans } = await import(traces);
const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, TRACEPARENT } = process.env;
const [, trace, parent] = TRACEPARENT.split("-");
const now = `${Date.now()}000000`;
const body = encodeSpans(
  [
    {
      ...{ trace, parent, id: "3".repeat(16), startNs: now, endNs: now },
      scope: "dagger.io/core",
      name: "Query.http",
      status: "error",
      message: "invalid response status 429 Too Many Requests",
      attributes: { "dagger.io/dag.call": call },
    },
  ],
  { "service.name": "unknown_service:dagger-engine" },
);
await fetch(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, { method: "POST", body });
console.log("forged");
