/**
 * Tests the real SDKs with the proxy between them and their session. Another file,
 * guarded-sdks-1.0.test.ts, tests the SDKs of 1.0 in parallel, because each takes a minute.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import type { SessionDoubleOptions } from "../../src/testing/index.js";
import { builtCli } from "../cli/built-cli.js";
import { type BuiltTestKit, buildTestKit } from "../session-double/built.js";
import { type Built, GuardedScene, WAYS, WAYS_OF_USERS } from "./guarded-scene.js";
import { HttpProxyTrap } from "./http-proxy-trap.js";
import { type Outcome, run } from "./sdk-programs.js";
import { INSTALLED_SDKS } from "./sdks.js";

const cli = builtCli();
let kit: BuiltTestKit;
let built: Built;

beforeAll(async () => {
  kit = await buildTestKit();
  built = { cli, kit };
});
afterAll(() => kit.remove());

const LIMITED = { host: "docker.io", kind: "status", status: 429 } as const;
const BUSY = { host: "ghcr.io", kind: "status", status: 503 } as const;
const PUBLISH = { do: "publish", image: "quay.io/acme/app:1", address: "ttl.sh/app:1" } as const;
const GONE_WELL = { exitCode: 0, stderr: "", leftBehind: "" };

const LINE = process.env.SDK_LINE ?? "0.21";

/** A timeout that is long enough for a success, even on a busy machine. */
const TIMEOUT_MS = 5_000;

describe.each(INSTALLED_SDKS.filter(({ line }) => line === LINE))("$name", (sdk) => {
  const { errorType: type, engineVersion, requestsOnConnect } = sdk;
  const start = (double: SessionDoubleOptions = {}, guard?: GuardOptions) =>
    GuardedScene.start(built, { engineVersion, ...double }, guard);
  /** Returns the extensions of an error, when this SDK shows extensions to users. */
  const readable = (extensions: Readonly<Record<string, unknown>>) =>
    sdk.showsExtensions ? { extensions } : {};
  /**
   * Returns how many successes a registry gets from pulls by tag without traces. On 1.0 any number is
   * right, because an engine of 1.0 may have used a lock file.
   */
  const proofs = (pulls: number): number => (sdk.line === "1.0" ? expect.any(Number) : pulls);

  describe.each(WAYS)("in a session %s", (way) => {
    /**
     * How many successes the engine gets while a pipeline connects. Opening a session is a success. Finding
     * one in the environment proves nothing.
     */
    const onConnect = requestsOnConnect + (way === "opened by the stand-in" ? 1 : 0);

    test("works, shows a failing command as its own ExecError, and leaves no process", async () => {
      await using scene = await start();
      const pipeline = await scene.connected(sdk, way);
      expect(await pipeline.do({ do: "version" })).toEqual({ value: engineVersion });
      expect(await pipeline.do(run("alpine:3", "echo", "hi"))).toEqual({ value: "hi\n" });
      const failed = await pipeline.do(
        run("alpine:3", "sh", "-c", "echo out; echo err >&2; exit 3"),
      );
      expect(failed.error).toEqual({
        type: "ExecError",
        message: expect.stringContaining("exit code: 3"),
        exitCode: 3,
        stdout: "out",
        stderr: "err",
      });
      expect((await pipeline.do(PUBLISH)).value).toMatch(/^ttl\.sh\/app:1@sha256:/);
      expect(scene.counted("engine")).toMatchObject({
        state: "closed",
        successCount: onConnect + 4,
        failureCount: 0,
      });
      expect(await pipeline.end()).toEqual(GONE_WELL);
      expect(scene.sessions.counts).toEqual({
        requests: requestsOnConnect + 4,
        rejected: 0,
        timedOut: 0,
        lost: 0,
      });
    });

    test("finds only the circuit of a rate-limiting registry open", async () => {
      await using scene = await start({ faults: [LIMITED, BUSY] });
      const pipeline = await scene.connected(sdk, way);
      const limited = await pipeline.do(run("acme/app:1"));
      expect(limited.error).toMatchObject({
        type,
        message: expect.stringContaining("429 Too Many Requests"),
      });
      const rejected = await pipeline.do(run("acme/app:2"));
      expect(rejected.error).toEqual({
        type,
        message: expect.stringMatching(/^circuit open: registry:docker\.io, retry in \d+s$/),
        ...readable({
          _type: "CIRCUIT_OPEN",
          upstream: "registry:docker.io",
          reason: "open",
          retryAfterMs: expect.stringMatching(/^\d+$/),
        }),
      });
      const busy = await pipeline.do(run("ghcr.io/acme/app:1"));
      expect(busy.error?.message).toContain("503 Service Unavailable");
      expect(await pipeline.do(run("quay.io/acme/app:1"))).toEqual({ value: "ran\n" });
      expect(await pipeline.end()).toEqual(GONE_WELL);
      expect(scene.double.requestsTo("docker.io")).toBe(6);
      expect(scene.counted("registry:docker.io")).toMatchObject({ state: "open", failureCount: 1 });
      expect(scene.counted("registry:ghcr.io")).toMatchObject({ state: "closed", failureCount: 1 });
      expect(scene.counted("registry:quay.io")).toMatchObject({
        state: "closed",
        successCount: proofs(1),
      });
      expect(scene.counted("engine").failureCount).toBe(0);
      expect(scene.sessions.counts.rejected).toBe(1);
    });

    test("separates many parallel requests, each of which counts once", async () => {
      // The circuit must not open, however slow the machine is, because each failure must count.
      const breakers = { "registry:*": { trip: { consecutive: 1_000 } } } as const;
      await using scene = await start({ faults: [BUSY] }, { breakers });
      const pipeline = await scene.connected(sdk, way);
      const each = Array.from({ length: 60 }, (_, index) =>
        index % 3 === 0
          ? run(`ghcr.io/acme/app:${index}`)
          : run(`quay.io/acme/app:${index}`, "echo", `${index}`),
      );
      const { value } = await pipeline.do({ do: "all", each });
      for (const [index, outcome] of (value as Outcome[]).entries()) {
        if (index % 3 === 0) expect(outcome.error?.message).toContain("503 Service Unavailable");
        else expect(outcome).toEqual({ value: `${index}\n` });
      }
      expect(await pipeline.end()).toEqual(GONE_WELL);
      expect(scene.counted("registry:ghcr.io").failureCount).toBe(20);
      expect(scene.counted("registry:quay.io").successCount).toEqual(proofs(40));
      expect(scene.counted("engine").successCount).toBe(onConnect + 60);
    });

    test("receives the loss of a killed engine's session, which counts once", async () => {
      await using scene = await start();
      const pipeline = await scene.connected(sdk, way);
      scene.double.kill();
      // The proxy relays the session's own answer, a 502, unchanged. An SDK that repeats the request gets
      // our answer.
      expect((await pipeline.do(PUBLISH)).error).toBeDefined();
      expect((await pipeline.do(PUBLISH)).error).toEqual({
        type,
        message: expect.stringContaining("the session to the Dagger engine is lost"),
        ...readable({ _type: "SESSION_LOST", upstream: "engine" }),
      });
      expect(scene.counted("engine")).toMatchObject({ successCount: onConnect, failureCount: 1 });
      expect(await pipeline.end()).toEqual(GONE_WELL);
    });
  });

  test("is rejected while the engine's circuit is open", async () => {
    await using scene = await start();
    scene.guard.engine.isolate("maintenance");
    const pipeline = await scene.pipeline(sdk, "found in the environment");
    const connected = await pipeline.connected();
    const { error } = connected.error ? connected : await pipeline.do(run("alpine:3"));
    expect(error?.message).toContain("circuit isolated: engine, maintenance");
    expect(await pipeline.end()).toMatchObject({ exitCode: 0, leftBehind: "" });
    expect(scene.counted("engine")).toMatchObject({ successCount: 0, failureCount: 0 });
    expect(scene.double.queries).toBe(0);
  });

  test("opens no session while the engine's circuit is open", async () => {
    await using trap = await HttpProxyTrap.start();
    await using scene = await start();
    scene.guard.engine.isolate("maintenance");
    const pipeline = await scene.pipeline(sdk, "opened by the stand-in", trap.environment);
    // Each SDK has its own error for a CLI that ends early.
    expect((await pipeline.connected()).error).toBeDefined();
    // Rust's SDK then tries to download a CLI, which the guard does not see.
    const hosts = new Set(trap.asked.map((request) => request.replace(/^.* |:\d+$/g, "")));
    expect([...hosts]).toEqual(sdk.language === "Rust" ? ["dl.dagger.io"] : []);
    expect((await pipeline.end()).leftBehind).toBe("");
    expect(scene.counted("engine")).toMatchObject({ successCount: 0, failureCount: 0 });
  });

  test("receives a timeout as an error of its query, and repeats no publish", async () => {
    const faults = [{ operation: "publish", kind: "hang" }] as const;
    const guard = { operationTimeoutMs: TIMEOUT_MS };
    await using scene = await start({ faults }, guard);
    const pipeline = await scene.connected(sdk, "found in the environment");
    expect((await pipeline.do(PUBLISH)).error).toEqual({
      type,
      message: expect.stringContaining(`${TIMEOUT_MS} ms`),
      ...readable({ _type: "TIMED_OUT", upstream: "engine", timeoutMs: `${TIMEOUT_MS}` }),
    });
    expect(await pipeline.do({ do: "version" })).toEqual({ value: engineVersion });
    expect(await pipeline.end()).toEqual(GONE_WELL);
    // After the timeout, the guard asked once for the version, to learn whether the engine still answers.
    expect(scene.double.queries).toBe(requestsOnConnect + 3);
    expect(scene.sessions.counts).toMatchObject({ timedOut: 1, lost: 0 });
    expect(scene.counted("registry:ttl.sh")).toMatchObject({ successCount: 0, failureCount: 0 });
    expect(scene.counted("engine").failureCount).toBe(0);
  });

  test.each(WAYS_OF_USERS)("in a session %s, is guarded without further setup", async (way) => {
    await using scene = await start({ faults: [LIMITED] });
    const pipeline = await scene.connected(sdk, way);
    // A pull has no outcome before the engine's spans arrive or are too late. So the number of pulls until
    // the circuit opens varies.
    let pulls = 0;
    const pull = async () => (await pipeline.do(run(`acme/app:${pulls}`))).error?.message ?? "";
    while (!(await pull()).startsWith("circuit open: registry:docker.io, retry in ")) pulls += 1;
    expect(await pipeline.do(run("quay.io/acme/app:1"))).toEqual({ value: "ran\n" });
    const { exitCode, stderr, leftBehind } = await pipeline.end();
    expect({ exitCode, leftBehind }).toEqual({ exitCode: 0, leftBehind: "" });
    if (way === "opened inside of run") expect(stderr).toMatch(/^dagger-breaker: succeeded, .*\n$/);
    else expect(stderr).toBe("");
    expect(pulls).toBeGreaterThan(0);
    expect(scene.double.requestsTo("docker.io")).toBe(6 * pulls);
  });
});
