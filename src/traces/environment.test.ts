import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { collectorOf, type Environment, engineEnvironment } from "./environment.js";

const TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const BASE = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const receiver = { endpoint: "http://127.0.0.1:4000/token/v1/traces" };

describe("the collector", () => {
  test.each<[Environment, string]>([
    [{ [BASE]: "http://otel:4318" }, "http://otel:4318/v1/traces"],
    [{ [BASE]: "http://otel:4318/" }, "http://otel:4318/v1/traces"],
    [{ [BASE]: "https://otel/base//" }, "https://otel/base/v1/traces"],
    [{ [BASE]: "http://otel/base?key=1" }, "http://otel/base/v1/traces?key=1"],
    [{ [BASE]: " http://otel:4318 " }, "http://otel:4318/v1/traces"],
    [{ [TRACES]: "http://otel/custom", [BASE]: "http://other" }, "http://otel/custom"],
    [{ [TRACES]: "", [BASE]: "http://other" }, "http://other/v1/traces"],
    [{ [TRACES]: "http://otel:4318" }, "http://otel:4318/v1/traces"],
    [{ [TRACES]: "http://otel:4318/" }, "http://otel:4318/"],
    [{ [TRACES]: "http://otel/t", [PROTOCOL]: "http/protobuf" }, "http://otel/t"],
    [
      { [TRACES]: "http://otel/t", [PROTOCOL]: "grpc", [TRACES_PROTOCOL]: "http/protobuf" },
      "http://otel/t",
    ],
    [{ [BASE]: "http://otel", OTEL_EXPORTER_OTLP_CERTIFICATE: "ca.pem" }, "http://otel/v1/traces"],
    [
      { [BASE]: "http://localhost:4318", HTTP_PROXY: "http://p" },
      "http://localhost:4318/v1/traces",
    ],
    [{ [BASE]: "https://otel", HTTP_PROXY: "http://p" }, "https://otel/v1/traces"],
    [{ [BASE]: "http://a.otel", HTTP_PROXY: "p", NO_PROXY: "x, otel" }, "http://a.otel/v1/traces"],
    [{ [BASE]: "http://a.otel", HTTP_PROXY: "p", no_proxy: ".otel" }, "http://a.otel/v1/traces"],
    [{ [BASE]: "http://otel:1", HTTP_PROXY: "p", NO_PROXY: "otel:1" }, "http://otel:1/v1/traces"],
    [{ [BASE]: "http://otel", HTTP_PROXY: "p", NO_PROXY: "*" }, "http://otel/v1/traces"],
  ])("of %j receives forwarded traces", (env, endpoint) => {
    expect(collectorOf(env)).toEqual({ kind: "http", endpoint });
  });

  test("is missing without an endpoint, whatever else is set", () => {
    expect(collectorOf({})).toEqual({ kind: "none" });
    expect(collectorOf({ [BASE]: " ", [PROTOCOL]: "grpc" })).toEqual({ kind: "none" });
  });

  test.each<[Environment, string]>([
    [{ [BASE]: "http://s3cret:4317", [PROTOCOL]: "grpc" }, PROTOCOL],
    [{ [BASE]: "http://s3cret:4317", [TRACES_PROTOCOL]: "http/json" }, TRACES_PROTOCOL],
    [{ [BASE]: "s3cret:4318" }, BASE],
    [{ [TRACES]: "unix:///s3cret.sock" }, TRACES],
    [{ [BASE]: "https://s3cret", OTEL_EXPORTER_OTLP_CERTIFICATE: "s3cret.pem" }, "_CERTIFICATE"],
    [{ [BASE]: "https://s3cret", OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: "s3cret" }, "_CLIENT_KEY"],
    [{ [BASE]: "https://s3cret", HTTPS_PROXY: "http://s3cret" }, "HTTPS_PROXY"],
    [
      { [BASE]: "http://s3cret", http_proxy: "p", NO_PROXY: "cret, .s3cret,10.0.0.0/8" },
      "http_proxy",
    ],
    [{ [BASE]: "http://s3cret:1", HTTP_PROXY: "p", NO_PROXY: "s3cret:2" }, "HTTP_PROXY"],
  ])("of %j is left alone, with a reason that names a variable but no value", (env, variable) => {
    const collector = collectorOf(env);
    expect(collector).toEqual({ kind: "left-alone", reason: expect.stringContaining(variable) });
    expect(JSON.stringify(collector)).not.toContain("s3cret");
  });
});

describe("the environment of the CLI", () => {
  const warn = vi.spyOn(process, "emitWarning");
  beforeEach(() => void warn.mockReset().mockReturnValue());
  afterEach(() => void vi.resetModules());

  test("sends its spans to the receiver, soon", () => {
    expect(engineEnvironment(receiver, { [BASE]: "http://otel:4318" })).toEqual({
      witness: true,
      reason: undefined,
      variables: {
        [TRACES]: receiver.endpoint,
        [TRACES_PROTOCOL]: "http/protobuf",
        OTEL_BSP_SCHEDULE_DELAY: "100",
      },
    });
    expect(warn).not.toHaveBeenCalled();
  });

  test.each([
    ["50", undefined],
    ["0", undefined],
    ["100", "100"],
    ["5000", "100"],
    ["soon", "100"],
    ["", "100"],
  ])("a delay of %j from the user becomes %j", (own, added) => {
    const { variables } = engineEnvironment(receiver, { OTEL_BSP_SCHEDULE_DELAY: own });
    expect(variables.OTEL_BSP_SCHEDULE_DELAY).toBe(added);
  });

  test("leaves a gRPC collector alone, and warns once", async () => {
    const fresh = await import("./environment.js");
    const env = { [BASE]: "http://s3cret:4317", [PROTOCOL]: "grpc" };
    for (const _ of [1, 2]) {
      expect(fresh.engineEnvironment(receiver, env)).toEqual({
        witness: false,
        reason: expect.stringContaining(PROTOCOL),
        variables: {},
      });
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining(PROTOCOL), {
      type: "CircuitBreakerWarning",
      code: "traces-left-alone",
    });
    expect(String(warn.mock.calls[0])).not.toContain("s3cret");
  });

  test("leaves sampling to the user, and warns once about its effect", async () => {
    const fresh = await import("./environment.js");
    for (const sampler of ["traceidratio", "traceidratio", "always_on", "parentbased_always_on"]) {
      const env = { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: "0.1" };
      const { variables, witness } = fresh.engineEnvironment(receiver, env);
      expect(witness).toBe(true);
      expect(Object.keys(variables).filter((name) => name.includes("SAMPLER"))).toEqual([]);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("OTEL_TRACES_SAMPLER"), {
      type: "CircuitBreakerWarning",
      code: "traces-sampled",
    });
  });
});
