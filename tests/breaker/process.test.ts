/** Tests that need a process of their own: errors that Node reports, and how the process exits. */

import { spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPackage } from "../build.js";

/**
 * The longest run of a process. It is far below the breaker's reset timeout of a minute, so a timer that
 * keeps the process alive would fail the test.
 */
const LONGEST_RUN_MS = 30_000;
let folder: string;

// The process runs plain Node, so it needs the compiled files. The breaker imports only the checks of
// options.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "circuit-breaker-process-"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  const dist = join(await buildPackage(), "dist");
  for (const part of ["breaker", "options"]) {
    await cp(join(dist, part), join(folder, part), { recursive: true });
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end. The program can use `breaker` and `fail`. */
async function run(program: string): Promise<Ended> {
  const path = join(folder, `program-${Math.random()}.js`);
  await writeFile(
    path,
    `import { CircuitBreaker } from "./breaker/circuit-breaker.js";
     const breaker = new CircuitBreaker({ failureThreshold: 3 });
     const fail = async () => { throw new Error("lost"); };
     ${program}`,
  );
  const child = spawn(process.execPath, [path], { timeout: LONGEST_RUN_MS });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

const countReports = `
  const reports = [];
  process.on("unhandledRejection", (error) => reports.push(error.message));
  process.on("exit", () => console.log(JSON.stringify(reports)));
`;

describe("Node reports a failing call that nothing awaits as unhandled", () => {
  test("it ends the process, like any unhandled rejection", async () => {
    const { code, output } = await run("breaker.execute(fail);");
    expect(code).toBe(1);
    expect(output).toContain("Error: lost");
  });

  test.each([
    ["a call", "breaker.execute(fail);"],
    [
      "a call after a failure",
      "await breaker.execute(fail).catch(() => {}); breaker.execute(fail);",
    ],
    ["a synchronous throw", 'breaker.execute(() => { throw new Error("lost"); });'],
    ["a call with a signal", "breaker.execute(fail, { signal: new AbortController().signal });"],
    ["an observed call", 'breaker.on("failure", () => {}); breaker.execute(fail);'],
    ["a call while disabled", "breaker.disable(); breaker.execute(fail);"],
    [
      "a call aborted before",
      'breaker.execute(fail, { signal: AbortSignal.abort(new Error("lost")) });',
    ],
    ["a rejection", 'breaker.isolate("lost"); breaker.execute(fail);'],
  ])("%s, once", async (_what, program) => {
    const { code, output } = await run(countReports + program);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual([expect.stringContaining("lost")]);
  });

  test("a failure that is caught is not reported, whatever path it took", async () => {
    const { code, output } = await run(`${countReports}
      await breaker.tryExecute(fail);
      for (let call = 0; call < 5; call++) await breaker.execute(fail).catch(() => {});
      await breaker.tryExecute(fail);
      breaker.disable();
      await breaker.execute(fail, {}).catch(() => {});
    `);
    expect({ code, reports: JSON.parse(output) }).toEqual({ code: 0, reports: [] });
  });
});

describe("an idle breaker lets a process exit by itself", () => {
  test.each([
    ["closed", ""],
    ["open", "breaker.acquire().failure(undefined, { openNow: true });"],
    [
      "half-open, its probe never settled",
      `let nowMs = 0;
       const other = new CircuitBreaker({ clock: { now: () => nowMs } });
       other.acquire().failure(undefined, { openNow: true });
       nowMs = 60_000;
       other.acquire();
       if (other.state !== "half-open") process.exit(3);`,
    ],
    ["isolated", 'breaker.isolate("maintenance");'],
    ["observed, with listeners", 'breaker.observe(); breaker.on("stateChange", () => {});'],
    [
      "with bad seconds to judge",
      `const other = new CircuitBreaker({ trip: { badSeconds: 1, windowMs: 60_000 } });
       other.acquire().failure();`,
    ],
    ["with a call that never ends", "breaker.execute(() => new Promise(() => {}));"],
  ])("%s", async (_state, program) => {
    const { code, output } = await run(`${program} console.log("idle");`);
    expect({ code, output }).toEqual({ code: 0, output: "idle\n" });
  });
});

test("a listener that always throws causes one process warning, without the error's message", async () => {
  const { code, output } = await run(`
    breaker.on("success", () => { throw new TypeError("a secret"); });
    for (let call = 0; call < 3; call++) await breaker.execute(() => "value");
  `);
  expect(code).toBe(0);
  expect(output.match(/CircuitBreakerWarning/g)).toHaveLength(1);
  expect(output).toContain('a listener of circuit breaker "default" failed; the error was ignored');
  expect(output).not.toContain("a secret");
});

test("a process that has frozen Error still rejects", async () => {
  const { code, output } = await run(`
    Object.freeze(Error);
    breaker.isolate("maintenance");
    const result = await breaker.tryExecute(fail);
    console.log(result.error.name);
  `);
  expect({ code, output }).toEqual({ code: 0, output: "CircuitBreakerOpenError\n" });
});
