/** Runs test files of the guard on a session of 1.0. On their own, these files use a session of 0.21. */

import { describe, vi } from "vitest";

vi.hoisted(() => {
  process.env.TEST_ENGINE = "v1.0.0-beta.10";
});

vi.mock("../../src/testing/session/options/session-options.js", async (importOriginal) => {
  type Options = typeof import("../../src/testing/session/options/session-options.js");
  const [{ tmpdir }, original] = await Promise.all([import("node:os"), importOriginal<Options>()]);
  // The folder is outside any repository, because an engine of 1.0 would write a lock file into a
  // repository.
  const defaults = { engineVersion: "v1.0.0-beta.10", workdir: tmpdir() } as const;
  const readSessionDoubleOptions: Options["readSessionDoubleOptions"] = (options) =>
    original.readSessionDoubleOptions({ ...defaults, ...options });
  return { ...original, readSessionDoubleOptions };
});

// Each file gets a suite of its own, so that its hooks apply only to its own tests.
describe("dagger/guarded-sdk", async () => void (await import("../dagger/guarded-sdk.test.js")));
describe("dagger/secrets", async () => void (await import("../dagger/secrets.test.js")));
describe("dagger/step-aside", async () => void (await import("../dagger/step-aside.test.js")));
describe("dagger/request-traces", async () =>
  void (await import("../dagger/request-traces.test.js")));
describe("dagger/request-traces-edges", async () =>
  void (await import("../dagger/request-traces-edges.test.js")));
describe("proxy/guarded-queries", async () =>
  void (await import("../proxy/guarded-queries.test.js")));
describe("proxy/differential", async () => void (await import("../proxy/differential.test.js")));
describe("session-double/files", async () =>
  void (await import("../session-double/files.test.js")));
