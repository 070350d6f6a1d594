/** Tests the built package with each version of the Dagger SDK, in a user's project. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProject, type Project, ROOT } from "../package/project.js";

const VERSIONS = Object.entries<string>(
  JSON.parse(readFileSync(join(ROOT, "tests", "package.json"), "utf8")).dependencies,
)
  .filter(([alias]) => alias.startsWith("dagger-"))
  .map(([alias, specifier]) => ({ alias, version: specifier.replace(/^.*@/, "") }));

test("the versions are installed", () => {
  expect(VERSIONS.length).toBeGreaterThanOrEqual(4);
});

describe.each(VERSIONS)("Dagger SDK $version", ({ alias, version }) => {
  let project: Project;
  let seen: Record<string, unknown>;

  beforeAll(async () => {
    const sdk = join(ROOT, "tests", "node_modules", alias);
    if (!existsSync(sdk)) throw new Error(`${sdk} is missing: run "npm ci" in tests/`);
    project = await createProject({ "@dagger.io/dagger": sdk });
    await project.write(
      "observe.js",
      readFileSync(new URL("observe.mjs", import.meta.url), "utf8"),
    );
    const engine = version.startsWith("0.19.") ? "v0.19.11" : "v0.21.8";
    const { code, stdout, stderr } = await project.run("observe.js", {}, [engine]);
    expect(code, stderr).toBe(0);
    seen = JSON.parse(stdout);
  });
  afterAll(() => project?.remove());

  test("is the running version", () => {
    expect(seen.version).toBe(version);
  });

  test("connect resolves to the callback's value, and a request is a call of the engine", () => {
    expect(seen.connect).toEqual({ value: "hi\n", calls: 1, failures: 0 });
  });

  test("connection guards dag while its callback runs, and only then", () => {
    expect(seen.connection).toEqual({ value: "hi", calls: 1, failures: 0, sameAfter: true });
  });

  test("guard copies a client and dag, and changes neither", () => {
    expect(seen.guard).toEqual({ values: [0, ["a"]], calls: 2, failures: 0 });
  });

  test("objects as arguments, with(fn), sync and lists stay guarded", () => {
    expect(seen.objects).toEqual({ value: ["12value\n", true, ["a", "b"]], failures: 0 });
  });

  test("a user's failing command is the SDK's own ExecError and not a failure of the engine", () => {
    expect(seen.execError).toEqual({
      name: "ExecError",
      code: "D109",
      exitCode: 3,
      stderr: "no",
      isSdkError: true,
      calls: 1,
      failures: 0,
    });
  });

  test("a registry that is down opens its own circuit, whose rejection arrives unwrapped", () => {
    expect(seen.registryDown).toEqual({
      failures: ["GraphQLRequestError", "GraphQLRequestError"],
      rejection: {
        name: "CircuitBreakerOpenError",
        breakerName: "registry:docker.io",
        reason: "open",
      },
      other: "no error",
      engineFailures: 0,
    });
  });

  test("a timeout drops the request, ends its command, and counts no failure", () => {
    expect(seen.timeout).toEqual({ name: "TimeoutError", failures: 0 });
  });

  test("a caller's abort ends the command with its reason, and counts no failure", () => {
    expect(seen.abort).toEqual({ isReason: true, failures: 0 });
  });

  test("a killed engine is one failure; its session and the open circuit reject later requests", () => {
    expect(seen.killed).toEqual({
      errors: ["GraphQLRequestError", "SessionLostError"],
      failures: 1,
      refused: "CircuitBreakerOpenError",
    });
  });

  test("a session that the SDK starts itself works, and opening it is a success", () => {
    expect(seen.ownSession).toEqual({ value: "hi\n", calls: 2, failures: 0 });
  });

  test("an error of the callback arrives unchanged from a session that the SDK started", () => {
    expect(seen.ownSessionError).toEqual({ connect: true, connection: true });
  });

  test("a CLI that ends early causes the SDK's error and is a failure of the engine", () => {
    expect(seen.cliEndsEarly).toEqual({ name: "EngineSessionError", failures: 1 });
  });

  test("with traces the engine's spans show which registry hung, and no variable changes", () => {
    expect(seen.witness).toEqual({
      value: "hi\n",
      name: "TimeoutError",
      failures: 1,
      inFlightCount: 0,
      environmentUnchanged: true,
    });
  });
});
