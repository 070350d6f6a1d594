import { expect, test } from "vitest";
import { isForgeable } from "./forgeable.js";
import type { EngineSpan } from "./span.js";
import { SpanTree } from "./span-tree.js";

const REQUEST = ["dagger.io/engine.server", "POST /query"] as const;
const core = (name: string) => ["dagger.io/core", name] as const;
const EXCHANGE = ["otelhttp", "remotes.docker.resolver.HTTPRequest"] as const;

/** Spans that stand one in the other, the outermost first; gives the innermost. */
function nested(...names: (readonly [string, string])[]) {
  const spans = names.map(
    ([scope, name], depth): EngineSpan => ({
      scope,
      name,
      trace: "0af7651916cd43dd8448eb211c80319c",
      id: `${depth}`,
      parent: depth === 0 ? "ours" : `${depth - 1}`,
      startNs: "1795473288102464821",
      endNs: "1795473288158790397",
      status: "ok",
      message: "",
      attributes: {},
    }),
  );
  return isForgeable(spans.at(-1) as EngineSpan, new SpanTree(spans));
}

const RESOLVING = ["tracer", "resolving docker.io/library/alpine:3"] as const;

test.each([
  ["a pull", [REQUEST, core("Container.from"), RESOLVING]],
  ["a pull by the digest of a tag", [REQUEST, core("Container.from"), core("from a:1@sha256:1")]],
  ["a push", [REQUEST, core("Container.publish"), ["tracer", "dagop.raw Container.publish"]]],
  ["the images of a Dockerfile", [REQUEST, core("Directory.dockerBuild"), RESOLVING]],
  ["a request whose steps are not told", [REQUEST, RESOLVING]],
  ["a command of the CLI", [["dagger.io/cli", "dagger call test"], REQUEST, RESOLVING]],
] as const)("only the engine sends what stands below %s", (_what, above) => {
  expect(nested(...above, EXCHANGE)).toBe(false);
});

test.each([
  ["a command", [REQUEST, core("Container.withExec")]],
  ["a command of v0.21", [REQUEST, core("Container.stdout"), ["dagql", "resume withExec"]]],
  ["a command of v0.19", [REQUEST, ["tracer", "dagop.ctr Container.withExec"]]],
  ["a service", [REQUEST, core("Service.start"), core("exec sleep 600")]],
  ["a function of a module", [REQUEST, core("Hello.build")]],
  ["a request of a module", [REQUEST, core("Hello.build"), REQUEST, core("Container.from")]],
  ["a request that a command made up", [REQUEST, core("Container.withExec"), REQUEST]],
] as const)("a container may send what stands below %s", (_what, above) => {
  expect(nested(...above, EXCHANGE)).toBe(true);
});

test("what stands deeper than engines go was made up", () => {
  const deep = Array.from({ length: 300 }, () => core("Container.from"));
  expect(nested(REQUEST, ...deep, EXCHANGE)).toBe(true);
});
