/** Tests which requests the real SDKs send to an HTTP proxy in the environment, which many companies set. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtCli } from "../cli/built-cli.js";
import { type BuiltTestKit, buildTestKit } from "../session-double/built.js";
import { GuardedScene } from "./guarded-scene.js";
import { HttpProxyTrap } from "./http-proxy-trap.js";
import { run } from "./sdk-programs.js";
import { INSTALLED_SDKS } from "./sdks.js";

const cli = builtCli();
let kit: BuiltTestKit;

beforeAll(async () => {
  kit = await buildTestKit();
});
afterAll(() => kit.remove());

const LIMITED = { host: "docker.io", kind: "status", status: 429 } as const;
const BUILT = run("quay.io/acme/app:1");

describe.each(INSTALLED_SDKS)("$name", (sdk) => {
  const start = () =>
    GuardedScene.start({ cli, kit }, { engineVersion: sdk.engineVersion, faults: [LIMITED] });

  test("in `run` sends it nothing, and is guarded", async () => {
    await using trap = await HttpProxyTrap.start();
    await using scene = await start();
    const pipeline = await scene.connected(sdk, "opened inside of run", trap.environment);
    expect(await pipeline.do(BUILT)).toEqual({ value: "ran\n" });
    const failed = await pipeline.do(run("quay.io/acme/app:1", "sh", "-c", "exit 3"));
    expect(failed.error).toMatchObject({ type: "ExecError", exitCode: 3 });
    const pull = async () => (await pipeline.do(run("acme/app:1"))).error?.message ?? "";
    let refused = await pull();
    while (refused.includes("429")) refused = await pull();
    expect(refused).toMatch(/^circuit open: registry:docker\.io, retry in \d+s$/);
    expect((await pipeline.end()).exitCode).toBe(0);
    expect(trap.asked).toEqual([]);
  });

  test("with only the stand-in connects directly, but Rust uses the HTTP proxy unless NO_PROXY names the loopback", async () => {
    await using trap = await HttpProxyTrap.start();
    await using scene = await start();
    const pipeline = await scene.connected(sdk, "opened by the stand-in, alone", trap.environment);
    const { error, value } = await pipeline.do(BUILT);
    if (sdk.language === "Rust") {
      expect(error).toBeDefined();
      expect(trap.asked).toEqual([
        expect.stringMatching(/^POST http:\/\/127\.0\.0\.1:\d+\/query$/),
      ]);
    } else {
      expect(value).toBe("ran\n");
      expect(trap.asked).toEqual([]);
    }
    await pipeline.end();
    if (sdk.language !== "Rust") return;
    const env = { ...trap.environment, NO_PROXY: "127.0.0.1" };
    const straight = await scene.connected(sdk, "opened by the stand-in, alone", env);
    expect(await straight.do(BUILT)).toEqual({ value: "ran\n" });
    await straight.end();
    expect(trap.asked).toHaveLength(1);
  });
});
