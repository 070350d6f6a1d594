/** Creates spans in the form in which engines send them. */

import type { EngineSpan } from "../../src/attribution/spans/span.js";

let made = 0;

/** Returns a span of 10 ms. It begins `atMs` after the first span. */
export function span(
  name: string,
  parent: EngineSpan | string,
  given: Partial<EngineSpan> = {},
  atMs = 0,
): EngineSpan {
  made += 1;
  const start = 1_795_473_288_000 + atMs;
  return {
    scope: "dagger.io/core",
    name,
    trace: "0af7651916cd43dd8448eb211c80319c",
    id: made.toString(16).padStart(16, "0"),
    parent: typeof parent === "string" ? parent : parent.id,
    startNs: `${start}000000`,
    endNs: `${start + 10}000000`,
    status: "unset",
    message: "",
    attributes: {},
    ...given,
  };
}

export function request(parent: EngineSpan | string = "b7ad6b7169203331"): EngineSpan {
  return span("POST /query", parent, { scope: "dagger.io/engine.server", status: "ok" });
}

export function http(
  url: string,
  status: number | undefined,
  parent: EngineSpan,
  atMs = 0,
  more = {},
) {
  const { hostname, port } = new URL(url);
  const attributes = {
    "http.request.method": "GET",
    "url.full": url,
    "server.address": hostname.replace(/^\[|\]$/g, ""),
    ...(port === "" ? {} : { "server.port": Number(port) }),
    ...(status === undefined ? {} : { "http.response.status_code": status }),
  };
  return span("HTTP GET", parent, { scope: "otelhttp", attributes, ...more }, atMs);
}

export function wrapped(name: string, url: string, parent: EngineSpan, atMs = 0): EngineSpan {
  const { attributes } = http(url, undefined, parent);
  return span(`remotes.docker.resolver.${name}`, parent, { scope: "otelhttp", attributes }, atMs);
}

/**
 * Returns a call with one argument, encoded in base64. It must be short, because each length has only one
 * byte.
 */
export function call(name: string, argument: string, text: string): Record<string, string> {
  const part = (tag: number, bytes: Buffer | string) => {
    const body = Buffer.from(bytes);
    return Buffer.concat([Buffer.from([tag * 8 + 2, body.length]), body]);
  };
  const value = part(2, part(7, text));
  const encoded = Buffer.concat([
    part(3, name),
    part(4, Buffer.concat([part(1, argument), value])),
  ]);
  return { "dagger.io/dag.call": encoded.toString("base64") };
}
