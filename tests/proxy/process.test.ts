// Tests the proxy alone in a process: its memory while a gigabyte passes, and that the process can end.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { buildPackage } from "../build.js";
import { authorization } from "./scene.js";
import { TOKEN } from "./wire.js";

const MIB = 1024 * 1024;

/** Returns the memory in use just after a garbage collection. */
async function weigh(child: ChildProcess): Promise<{ liveBytes: number; rssBytes: number }> {
  child.send("weigh");
  return (await once(child, "message"))[0];
}

/** Sends a number of mebibytes. Resolves to the number of bytes that came back. */
async function echo(port: number, header: string, mebibytes: number): Promise<number> {
  const chunk = Buffer.alloc(MIB, "a");
  const request = httpRequest({
    port,
    host: "127.0.0.1",
    method: "POST",
    path: "/upload",
    agent: false,
    headers: { authorization: header, "content-length": mebibytes * MIB },
  });
  const write = (left: number): void => {
    if (left === 0) request.end();
    else request.write(chunk, () => write(left - 1));
  };
  write(mebibytes);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  let bytes = 0;
  answer.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  await once(answer, "end");
  return bytes;
}

let dist = "";
beforeAll(async () => {
  dist = join(await buildPackage(), "dist");
});

test("a process ends although a proxy runs in it with open connections on both sides", async () => {
  const script = `
    import { createServer } from "node:http";
    import { connect } from "node:net";
    import { Guard } from "${dist}/guard/guard.js";
    import { startSessionProxy } from "${dist}/proxy/session-proxy.js";
    const session = createServer((request, response) => response.end("ok"));
    await new Promise((resolve) => session.listen(0, "127.0.0.1", resolve));
    session.on("connection", (socket) => socket.unref()).unref();
    const target = { port: session.address().port, token: "00" };
    const { address } = await startSessionProxy({ guard: new Guard(), target });
    const client = connect(address.port, "127.0.0.1");
    const token = Buffer.from(address.token + ":").toString("base64");
    const request = "GET / HTTP/1.1\\r\\nHost: a\\r\\nAuthorization: Basic " + token + "\\r\\n\\r\\n";
    client.write(request);
    client.once("data", () => {
      client.write(request);
      client.once("data", () => client.unref());
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("1 GiB in both directions at once keeps less than 32 MiB alive", async () => {
  const session = createServer((request, response) => void request.pipe(response));
  session.listen(0, "127.0.0.1");
  await once(session, "listening");
  const { port } = session.address() as AddressInfo;
  const child = fork(
    fileURLToPath(new URL("./proxy-process.mjs", import.meta.url)),
    [dist, JSON.stringify({ port, token: TOKEN })],
    { execArgv: ["--expose-gc"] },
  );
  try {
    const [{ address }] = await once(child, "message");
    expect(await echo(address.port, authorization(address), 16)).toBe(16 * MIB);
    const before = await weigh(child);
    let isOver = false;
    const transfer = echo(address.port, authorization(address), 1024).finally(() => {
      isOver = true;
    });
    let [liveBytes, rssBytes] = [0, 0];
    while (!isOver) {
      const now = await weigh(child);
      liveBytes = Math.max(liveBytes, now.liveBytes);
      rssBytes = Math.max(rssBytes, now.rssBytes);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await transfer).toBe(1024 * MIB);
    expect(liveBytes - before.liveBytes).toBeLessThan(32 * MIB);
    // V8 and the allocator decide how much memory they return to the system. They must keep far less than
    // the gigabyte that passed.
    expect(rssBytes - before.rssBytes).toBeLessThan(256 * MIB);
  } finally {
    child.disconnect();
    session.close();
  }
});
