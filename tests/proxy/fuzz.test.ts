// Tests each of our servers with a thousand odd connections. `node scripts/fuzz.mjs` sends 20,000.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/packaging/cache.mjs";
import { buildPackage } from "../build.js";

const CONNECTIONS = 1000;
const TARGETS = ["http1", "http2", "receiver", "serve"];

test("no bytes from either side cause a crash, a hang or a leak", async () => {
  const dist = join(await buildPackage(), "dist");
  const script = join(ROOT, "scripts/fuzz.mjs");
  const args = ["--dist", dist, "--connections", `${CONNECTIONS}`, ...TARGETS];
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
  const [out, problems, how] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  // After a failure, the output contains the seed that repeats it.
  expect({ problems, how }).toEqual({ problems: "", how: [0, null] });
  expect(out.match(/: 1000 connections .*: 0 crashes, 0 hangs, 0 descriptors left/g)?.length).toBe(
    TARGETS.length,
  );
}, 240_000);
