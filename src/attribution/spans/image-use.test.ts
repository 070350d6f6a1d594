import { readFileSync } from "node:fs";
import { PbfWriter } from "pbf";
import { expect, test } from "vitest";
import { imageFactsOf, plainImage } from "./image-use.js";
import type { EngineSpan } from "./span.js";

const DIGEST = `sha256:${"4f".repeat(32)}`;
let made = 0;

function span(name: string, parent?: EngineSpan, given: Partial<EngineSpan> = {}): EngineSpan {
  made += 1;
  return {
    scope: "dagger.io/core",
    name,
    trace: "0af7651916cd43dd8448eb211c80319c",
    id: made.toString(16).padStart(16, "0"),
    parent: parent?.id ?? "",
    startNs: "1795473288000000000",
    endNs: "1795473288010000000",
    status: "ok",
    message: "",
    attributes: {},
    ...given,
  };
}

function from(address: string, parent?: EngineSpan, given: Partial<EngineSpan> = {}): EngineSpan {
  const writer = new PbfWriter();
  writer.writeStringField(3, "from");
  writer.writeMessage(
    4,
    (_, argument) => {
      argument.writeStringField(1, "address");
      argument.writeMessage(2, (text: string, value) => value.writeStringField(7, text), address);
    },
    undefined,
  );
  const call = Buffer.from(writer.finish()).toString("base64");
  return span("Container.from", parent, { attributes: { "dagger.io/dag.call": call }, ...given });
}

test("returns a reference in full, in the engine's form", () => {
  expect(plainImage("alpine")).toEqual({ image: "docker.io/library/alpine:latest", digest: null });
  expect(plainImage("ghcr.io/acme/app:1.2")).toEqual({
    image: "ghcr.io/acme/app:1.2",
    digest: null,
  });
  expect(plainImage("localhost:5000/a/b__c-d:x")?.image).toBe("localhost:5000/a/b__c-d:x");
  expect(plainImage(`alpine:3@${DIGEST}`)).toEqual({
    image: "docker.io/library/alpine:3",
    digest: DIGEST,
  });
  expect(plainImage(`alpine@${DIGEST}`)).toEqual({
    image: `docker.io/library/alpine@${DIGEST}`,
    digest: DIGEST,
  });
});

test.each([
  "",
  "bot:hunter2@ghcr.io/acme/app:1",
  "https://bot:hunter2@ghcr.io/acme/app",
  "ghcr.io/acme/app:1?token=hunter2",
  "ghcr.io/acme/app:1#x",
  "ghcr.io/hunter2@acme/app",
  "ghcr.io/acme/ app",
  "ghcr.io/acme/App:1",
  "ghcr.io/acme//app",
  `ghcr.io/acme/app:${"a".repeat(129)}`,
  "ghcr.io/acme/app@sha256:beef",
  "ghcr.io/acme/app:ghp_0123456789abcdefghij",
  "ghcr.io/acme/app:1\u001b[31m",
  `ghcr.io/${"a-".repeat(500)}`,
])("%j is not a reference that may be shown", (address) => {
  expect(plainImage(address)).toBeUndefined();
});

test("a tag resolved to the image that the engine continued with", () => {
  const outer = from("alpine:3");
  const became = span(`from docker.io/library/alpine:3@${DIGEST}`, outer);
  const inner = from(`docker.io/library/alpine:3@${DIGEST}`, became);
  expect(imageFactsOf([inner, became, outer])).toEqual({
    uses: [{ image: "docker.io/library/alpine:3", digest: DIGEST }],
    asked: [],
  });
});

test("a span below another image proves nothing about this one", () => {
  const outer = from("alpine:3");
  const became = span(`from docker.io/library/debian:12@${DIGEST}`, outer);
  expect(imageFactsOf([outer, became]).uses).toEqual([
    { image: "docker.io/library/alpine:3", digest: null },
  ]);
});

test("a span of that name outside a call, or of another scope, proves nothing", () => {
  const alone = span(`from docker.io/library/alpine:3@${DIGEST}`);
  const outer = from("alpine:3");
  const foreign = span(`from docker.io/library/alpine:3@${DIGEST}`, outer, { scope: "user" });
  expect(imageFactsOf([alone, outer, foreign]).uses).toEqual([
    { image: "docker.io/library/alpine:3", digest: null },
  ]);
});

test("a failed pull is not a use, and an image with credentials is not shown", () => {
  const failed = from("alpine:3", undefined, { status: "error" });
  const secret = from("bot:hunter2@ghcr.io/acme/app:1");
  expect(imageFactsOf([failed, secret]).uses).toEqual([]);
});

test("spans that form a circle do not hang", () => {
  const one = { ...from("alpine:3"), id: "a", parent: "b" };
  const other = { ...from("alpine:3"), id: "b", parent: "a" };
  const became = { ...span(`from alpine:3@${DIGEST}`), parent: "a" };
  expect(imageFactsOf([one, other, became]).uses).toEqual([]);
});

const recorded = readFileSync(
  new URL("../../../tests/fixtures/traces/spans.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): EngineSpan & { case: string; engine: string } => JSON.parse(line));
const H5 = "sha256:4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c";

test.each(["v0.21.8", "v0.19.11"])(
  "engine %s reports the digest that a tag resolved to",
  (engine) => {
    const spans = recorded.filter((one) => one.engine === engine && one.case === "ok-exec");
    expect(imageFactsOf(spans)).toEqual({
      uses: [{ image: "docker.io/library/busybox:h5", digest: H5 }],
      asked: ["docker.io/library/busybox:h5"],
    });
  },
);

test("the engine used an image it already had without a request", () => {
  const spans = recorded.filter((one) => one.engine === "v0.21.8" && one.case === "digest-ok");
  expect(imageFactsOf(spans)).toEqual({
    uses: [{ image: "docker.io/library/busybox:h5", digest: H5 }],
    asked: [],
  });
});
