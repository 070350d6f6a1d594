/** Tests that need a separate process: that the process can exit, and how much memory a receiver needs. */

import { spawn } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSpans } from "../../src/traces/otlp/decode.js";
import { buildPackage, projectFolder } from "../build.js";
import { RECORDED_BODIES, startCollector } from "./fake-collector.js";

/** The folders of src that a receiver of traces imports. */
const PARTS = ["options", "breaker", "policies", "sockets", "traces"];
const MIB = 1024 * 1024;
/** The default value of `maxQueueBytes`. */
const QUEUE_BYTES = 32 * MIB;
let folder: string;

// The process runs plain Node, so it needs compiled files. Inside the project it finds the packages.
beforeAll(async () => {
  folder = projectFolder("traces");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const dist = join(await buildPackage(), "dist");
  for (const part of PARTS) cpSync(join(dist, part), join(folder, part), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Program {
  /** Resolves to the next line that the program prints. */
  line(): Promise<string>;
  /** Continues a program that waits for the test. */
  goOn(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Runs a program. The program can use `startTraceReceiver`, `post` and `COLLECTOR`. */
function run(program: string, collector: string, flags: readonly string[] = []): Program {
  const path = join(folder, `program-${Math.random()}.js`);
  writeFileSync(
    path,
    `import { startTraceReceiver } from "./traces/receiver/receiver.js";
     const COLLECTOR = ${JSON.stringify(collector)};
     const post = (url, body) => fetch(url, {
       method: "POST", body, headers: { "content-type": "application/x-protobuf" },
     });
     ${program}`,
  );
  const child = spawn(process.execPath, [...flags, path], { timeout: 230_000 });
  let output = "";
  let lines: string[] = [];
  let wake: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      lines = lines.concat(text.trimEnd().split("\n"));
      wake();
    });
  }
  return {
    async line() {
      while (lines.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return lines.shift() as string;
    },
    goOn: () => void child.stdin.write("go on\n"),
    ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, output }))),
  };
}

describe("a process exits by itself", () => {
  test("with an open receiver that received nothing", async () => {
    await using collector = await startCollector();
    const program = run(
      "await startTraceReceiver({ forwardTo: COLLECTOR }); console.log('done');",
      collector.endpoint,
    );
    expect(await program.ended).toEqual({ code: 0, output: "done\n" });
  });

  test.each([
    ["with connections open and a collector that does not answer", () => undefined],
    [
      "while it waits for another try",
      (response: import("node:http").ServerResponse) =>
        void response.writeHead(503, { "retry-after": "20" }).end(),
    ],
  ])("%s", async (_, answer) => {
    await using collector = await startCollector(answer);
    const program = run(
      `import { connect } from "node:net";
       const receiver = await startTraceReceiver({ forwardTo: COLLECTOR });
       connect(Number(new URL(receiver.endpoint).port), "127.0.0.1").unref();
       await (await post(receiver.endpoint, new Uint8Array())).arrayBuffer();
       await new Promise((resolve) => setTimeout(resolve, 200));
       console.log(receiver.metrics().queuedBodies);`,
      collector.endpoint,
    );
    await program.line();
    const before = performance.now();
    expect(await program.ended).toEqual({ code: 0, output: "1\n" });
    // Node's own client keeps an idle connection for 4 s. On some versions of Node, that keeps the process
    // alive.
    expect(performance.now() - before).toBeLessThan(15_000);
  });

  test("but not before a pending close of a receiver", async () => {
    await using collector = await startCollector(() => undefined);
    const program = run(
      `const receiver = await startTraceReceiver({ forwardTo: COLLECTOR, closeTimeoutMs: 300 });
       await (await post(receiver.endpoint, new Uint8Array())).arrayBuffer();
       await receiver.close();
       console.log(receiver.metrics().dropped);`,
      collector.endpoint,
      ["--no-warnings"],
    );
    expect(await program.ended).toEqual({ code: 0, output: "1\n" });
  });
});

// Counts live objects after a full garbage collection. The size of the process would depend on how busy the
// machine is.
test("600,000 spans, as in a minute at 10,000 a second, grow memory by less than 32 MiB", async () => {
  await using collector = await startCollector();
  const program = run(
    `const receiver = await startTraceReceiver({ forwardTo: COLLECTOR });
     const next = () => new Promise((resolve) => process.stdin.once("data", resolve));
     let errors = 0;
     let bodies = 0;
     let before = 0;
     let most = 0;
     let mostQueued = 0;
     // Bodies that wait for the collector have a bound of their own.
     const held = () => {
       gc();
       const { heapUsed, external } = process.memoryUsage();
       const { queuedBytes } = receiver.metrics();
       mostQueued = Math.max(mostQueued, queuedBytes);
       return heapUsed + external - queuedBytes;
     };
     receiver.onSpans((spans) => {
       for (const span of spans) if (span.status === "error") errors++;
       if (++bodies % 40 === 0) most = Math.max(most, held());
     });
     console.log(receiver.endpoint);
     await next();
     before = held();
     most = before;
     await next();
     while (receiver.metrics().queuedBodies > 0) await new Promise((resolve) => setTimeout(resolve, 20));
     const after = held();
     const { spans } = receiver.metrics();
     const grown = { atLast: after - before, atMost: most - before };
     console.log(JSON.stringify({ grown, mostQueued, spans, errors }));
     process.exit();`,
    collector.endpoint,
    ["--expose-gc", "--single-threaded-gc"],
  );
  const endpoint = await program.line();
  const received = collector.received as unknown as unknown[];
  const agent = new Agent({ keepAlive: true });
  // The first bodies fill caches, which does not count as growth.
  await send(endpoint, agent, 20_000);
  program.goOn();
  await send(endpoint, agent, 600_000, () => {
    received.length = 0;
  });
  program.goOn();
  const told = JSON.parse(await program.line());
  agent.destroy();
  expect(told.spans).toBeGreaterThanOrEqual(620_000);
  expect(told.errors).toBeGreaterThan(0);
  expect(told.grown.atLast).toBeLessThan(8 * MIB);
  expect(told.grown.atMost).toBeLessThan(32 * MIB);
  expect(told.mostQueued).toBeLessThanOrEqual(QUEUE_BYTES);
});

/** Posts spans in batches of the size that exporters usually send, one after another. */
async function send(
  endpoint: string,
  agent: Agent,
  spans: number,
  afterEach: () => void = () => undefined,
): Promise<void> {
  // Several protobuf requests, one after the other in a body, are read as one request.
  const batch = Buffer.concat(Array(5).fill(Buffer.concat([...RECORDED_BODIES])));
  const size = decodeSpans(batch).length;
  for (let sent = 0; sent < spans; sent += size) {
    await postOn(endpoint, agent, batch);
    afterEach();
  }
}

function postOn(endpoint: string, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
    request(endpoint, { method: "POST", agent, headers })
      .on("error", reject)
      .on("response", (response) => response.resume().on("end", resolve))
      .end(body);
  });
}
