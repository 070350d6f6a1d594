/** The session double speaks what the real SDKs of other languages say, with nothing in between. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ALL_ARE_NEEDED, LANGUAGES, Pipeline, run } from "./sdk-programs.js";

let session: SessionDouble;

beforeEach(async () => {
  session = await startSessionDouble({
    faults: [{ host: "ghcr.io", kind: "status", status: 503 }],
  });
});
afterEach(() => session.stop());

test.runIf(ALL_ARE_NEEDED)("every SDK is installed", () => {
  expect(LANGUAGES.filter(({ isInstalled }) => !isInstalled)).toEqual([]);
});

describe.each(LANGUAGES)("the SDK of $name", (language) => {
  test.runIf(language.isInstalled)("runs in a session of the double as in a real one", async () => {
    const pipeline = new Pipeline(language, { ...session.environment });
    expect(await pipeline.connected()).toEqual({ value: "connected" });
    expect(await pipeline.do({ do: "version" })).toEqual({ value: "v0.21.8" });
    expect(await pipeline.do(run("alpine:3", "echo", "hi"))).toEqual({ value: "hi\n" });
    const published = { do: "publish", image: "alpine:3", address: "ttl.sh/app:1" } as const;
    expect((await pipeline.do(published)).value).toMatch(/^ttl\.sh\/app:1@sha256:/);
    expect(
      (await pipeline.do(run("alpine:3", "sh", "-c", "echo out; echo err >&2; exit 3"))).error,
    ).toMatchObject({ type: "ExecError", exitCode: 3, stdout: "out", stderr: "err" });
    expect((await pipeline.do(run("ghcr.io/acme/app:1"))).error).toMatchObject({
      type: language.errorType,
      message: expect.stringContaining("503 Service Unavailable"),
    });
    expect(await pipeline.end()).toEqual({ exitCode: 0, stderr: "", leftBehind: "" });
  });
});
