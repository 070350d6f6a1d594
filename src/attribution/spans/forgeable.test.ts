import { expect, test } from "vitest";
import { originOf } from "./forgeable.js";
import type { EngineSpan } from "./span.js";
import { SpanTree } from "./span-tree.js";

const REQUEST = ["dagger.io/engine.server", "POST /query"] as const;
const core = (name: string) => ["dagger.io/core", name] as const;
const EXCHANGE = ["otelhttp", "remotes.docker.resolver.HTTPRequest"] as const;

/** Creates nested spans, the outermost first, and returns the innermost. */
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
  return originOf(spans.at(-1) as EngineSpan, new SpanTree(spans));
}

const RESOLVING = ["tracer", "resolving docker.io/library/alpine:3"] as const;

test.each([
  ["a pull", [REQUEST, core("Container.from"), RESOLVING]],
  ["a pull by the digest of a tag", [REQUEST, core("Container.from"), core("from a:1@sha256:1")]],
  ["a push", [REQUEST, core("Container.publish"), ["tracer", "dagop.raw Container.publish"]]],
  ["the images of a Dockerfile", [REQUEST, core("Directory.dockerBuild"), RESOLVING]],
  ["a request without known steps", [REQUEST, RESOLVING]],
  ["a command of the CLI", [["dagger.io/cli", "dagger call test"], REQUEST, RESOLVING]],
] as const)("only the engine sends spans below %s", (_what, above) => {
  expect(nested(...above, EXCHANGE)).toBe("engine");
});

test.each([
  ["a command", [REQUEST, core("Container.withExec")]],
  ["a command of v0.21", [REQUEST, core("Container.stdout"), ["dagql", "resume withExec"]]],
  ["a command of v0.19", [REQUEST, ["tracer", "dagop.ctr Container.withExec"]]],
  ["a service", [REQUEST, core("Service.start"), core("exec sleep 600")]],
  ["a function of a module", [REQUEST, core("Hello.build")]],
  ["a request of a module", [REQUEST, core("Hello.build"), REQUEST, core("Container.from")]],
  ["a request that a command made up", [REQUEST, core("Container.withExec"), REQUEST]],
] as const)("a container may send spans below %s", (_what, above) => {
  expect(nested(...above, EXCHANGE)).not.toBe("engine");
});

const twin = (name: string) => ["dagger.io/dagql", name] as const;
const FETCH = [REQUEST, core("Query.http"), twin("Query.http")] as const;

test.each([
  ["a function on 0.21", [REQUEST, core("Hello.fetch"), ...FETCH]],
  ["a function on 1.0", [REQUEST, core("Hello.fetch"), twin("hello:Hello.fetch"), ...FETCH]],
  ["a function whose twin came alone", [REQUEST, twin("hello:Hello.fetch"), ...FETCH]],
  ["the constructor of a module", [REQUEST, core("Query.hello"), core("exec /runtime"), ...FETCH]],
  [
    "a runtime that runs in a container",
    [REQUEST, core("Hello.fetch"), core("exec /runtime"), ...FETCH],
  ],
  [
    "a runtime that is a command",
    [REQUEST, core("Hello.fetch"), core("Container.withExec"), ["engine", "exec.run"], ...FETCH],
  ],
  ["what a function posts itself", [REQUEST, core("Hello.fetch")]],
] as const)("below %s the function of a module may have sent it", (_what, above) => {
  expect(nested(...above, EXCHANGE)).toBe("function");
});

test.each([
  ["a command", [REQUEST, core("Container.withExec")]],
  [
    "a command on 1.0",
    [REQUEST, core("Container.withExec"), ["engine", "exec.run"], ["engine", "exec.processRun"]],
  ],
  ["a command whose twin came alone", [REQUEST, twin("Container.withExec")]],
  ["a session inside a command", [REQUEST, core("Container.withExec"), ...FETCH]],
  [
    "a function that a command made up",
    [REQUEST, core("Container.withExec"), core("Hello.fetch"), ...FETCH],
  ],
  ["a command of a function", [REQUEST, core("Hello.build"), REQUEST, core("Container.withExec")]],
  [
    "a session inside a command of a function",
    [REQUEST, core("Hello.build"), REQUEST, core("Container.withExec"), ...FETCH],
  ],
  ["a command that is read later", [REQUEST, core("Container.stdout"), core("exec npm test")]],
  ["a service", [REQUEST, core("Container.asService"), core("Service.start"), core("exec db")]],
  ["a service on 1.0", [REQUEST, core("service.start"), core("exec db")]],
] as const)("below %s any command may have sent it", (_what, above) => {
  expect(nested(...above, EXCHANGE)).toBe("command");
});

test("a span deeper than engines nest is forged", () => {
  const deep = Array.from({ length: 300 }, () => core("Container.from"));
  expect(nested(REQUEST, ...deep, EXCHANGE)).toBe("command");
});
