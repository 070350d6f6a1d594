import { expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { lightSpan, weightOf } from "./light-span.js";

const SPAN: EngineSpan = {
  scope: "dagger.io/core",
  name: "Container.withExec",
  trace: "0af7651916cd43dd8448eb211c80319c",
  id: "b7ad6b7169203331",
  parent: "00f067aa0ba902b7",
  startNs: "1795473288102464821",
  endNs: "1795473288158790397",
  status: "error",
  message: "token=hunter2",
  attributes: { "dagger.io/dag.call": "aHVudGVyMg==", "dagger.io/dag.cached": true, other: "x" },
};

test("does not keep arguments and messages that are never read", () => {
  expect(lightSpan(SPAN)).toEqual({
    ...SPAN,
    message: "",
    attributes: { "dagger.io/dag.cached": true },
  });
});

test.each(["Container.from", "Container.publish", "Query.git", "Query.http"])(
  "keeps the arguments of %s",
  (name) => {
    expect(lightSpan({ ...SPAN, name }).attributes["dagger.io/dag.call"]).toBe("aHVudGVyMg==");
  },
);

test("keeps the URL, status and message of an exchange", () => {
  const attributes = {
    "http.request.method": "GET",
    "url.full": "https://ghcr.io/v2/",
    "server.address": "ghcr.io",
    "server.port": 8443,
    "http.response.status_code": 503,
  };
  const span = { ...SPAN, name: "HTTP GET", message: "EOF", attributes };
  expect(lightSpan(span)).toEqual(span);
});

test("bounds each text, and keeps both ends of a long one", () => {
  const message = `BEGIN${"x".repeat(1_000_000)}END`;
  const attributes = { "dagger.io/dag.call": "A".repeat(20_000), "url.full": message };
  const light = lightSpan({ ...SPAN, name: "Query.http", message, attributes });
  expect(light.attributes["dagger.io/dag.call"]).toBeUndefined();
  expect(light.message).toMatch(/^BEGINx+ x+END$/);
  expect(weightOf(light)).toBeLessThan(6_000);
  expect(lightSpan({ ...SPAN, name: message }).name).toBe("");
});

test("drops a value that is not a text, a number or a boolean", () => {
  const attributes = { "server.address": ["ghcr.io"], "url.full": null };
  expect(lightSpan({ ...SPAN, attributes }).attributes).toEqual({});
});
