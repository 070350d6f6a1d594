/**
 * Tests that the session double supports the requests of the real SDKs of other languages, without a proxy
 * between them.
 */

import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { startSessionDouble } from "../../src/testing/index.js";
import { Pipeline, run } from "./sdk-programs.js";
import { ALL_ARE_NEEDED, SDKS } from "./sdks.js";

test.runIf(ALL_ARE_NEEDED)("every SDK is installed", () => {
  expect(SDKS.filter(({ isInstalled }) => !isInstalled)).toEqual([]);
});

describe.each(SDKS)("the SDK of $name", (sdk) => {
  test.runIf(sdk.isInstalled)("runs in a session of the double like in a real one", async () => {
    const faults = [{ host: "ghcr.io", kind: "status", status: 503 }] as const;
    await using session = await startSessionDouble({
      engineVersion: sdk.engineVersion,
      workdir: tmpdir(),
      faults,
    });
    const pipeline = new Pipeline(sdk, { ...session.environment });
    expect(await pipeline.connected()).toEqual({ value: "connected" });
    expect(await pipeline.do({ do: "version" })).toEqual({ value: sdk.engineVersion });
    expect(await pipeline.do(run("alpine:3", "echo", "hi"))).toEqual({ value: "hi\n" });
    const published = { do: "publish", image: "alpine:3", address: "ttl.sh/app:1" } as const;
    expect((await pipeline.do(published)).value).toMatch(/^ttl\.sh\/app:1@sha256:/);
    expect(
      (await pipeline.do(run("alpine:3", "sh", "-c", "echo out; echo err >&2; exit 3"))).error,
    ).toMatchObject({ type: "ExecError", exitCode: 3, stdout: "out", stderr: "err" });
    expect((await pipeline.do(run("ghcr.io/acme/app:1"))).error).toMatchObject({
      type: sdk.errorType,
      message: expect.stringContaining("503 Service Unavailable"),
    });
    expect(await pipeline.end()).toEqual({ exitCode: 0, stderr: "", leftBehind: "" });
  });
});
