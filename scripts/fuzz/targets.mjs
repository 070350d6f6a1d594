/**
 * Defines the targets of fuzzing. A target starts its servers, generates the bytes of clients, and checks
 * that it still works.
 */

import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as http1 from "./http1.mjs";
import * as http2 from "./http2.mjs";
import { exportBytes, fleetBytes } from "./servers.mjs";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** @param dist The folder of the built package. */
export function targetsOf(dist) {
  const load = (path) => import(pathToFileURL(join(dist, path)).href);
  return {
    http1: (random) => proxyTarget(load, random, http1.playSession, http1.requestBytes, askHttp1),
    http2: (random) => proxyTarget(load, random, http2.playSession, http2.clientBytes, askHttp2),
    receiver: () => receiverTarget(load),
    serve: () => serveTarget(load),
  };
}

async function proxyTarget(load, random, play, bytesOf, ask) {
  const { startSessionProxy } = await load("proxy/session-proxy.js");
  const { Guard } = await load("guard/guard.js");
  const { createRegistry } = await load("registry/registry.js");
  let isCalm = false;
  const open = new Set();
  const session = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    play(socket, random, () => isCalm);
  });
  await new Promise((resolve) => session.listen(0, "127.0.0.1", resolve));
  const guard = new Guard({ registry: createRegistry() });
  // Only the proxy is tested here. An open circuit would keep queries away from it.
  guard.engine.disable();
  const target = { port: session.address().port, token: "00" };
  const proxy = await startSessionProxy({ guard, target });
  const { port, token } = proxy.address;
  const authorization = `Basic ${Buffer.from(`${token}:`).toString("base64")}`;
  return {
    port,
    bytes: (chance) => bytesOf(chance, authorization),
    /**
     * Ends connections that a silent session keeps open. While the proxy waits for an answer, it reads
     * nothing more from its client. So it notices a disconnect of the client only after the answer.
     */
    settle() {
      for (const socket of open) socket.resume().end();
    },
    serves() {
      isCalm = true;
      return ask(port, authorization);
    },
    async close() {
      await proxy.close();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => session.close(resolve));
    },
  };
}

async function askHttp1(port, authorization) {
  const answer = await fetch(`http://127.0.0.1:${port}/query`, {
    method: "POST",
    headers: { authorization, connection: "close" },
    body: '{"query":"{ version }"}',
  });
  return (await answer.text()).includes("v0.21.8");
}

function askHttp2(port, authorization) {
  return new Promise((resolve) => {
    const client = connectHttp2(`http://127.0.0.1:${port}`);
    const answered = (isServed) => {
      client.destroy();
      resolve(isServed);
    };
    client.on("error", () => answered(false));
    const stream = client.request({ ":path": "/", authorization });
    stream.on("error", () => answered(false));
    stream.on("response", (head) => answered(head[":status"] === 200));
  });
}

async function receiverTarget(load) {
  const { startTraceReceiver } = await load("traces/index.js");
  const receiver = await startTraceReceiver();
  const { port, pathname } = new URL(receiver.endpoint);
  return {
    port: Number(port),
    bytes: (random) => exportBytes(random, pathname),
    serves: async () => {
      const headers = { "content-type": "application/x-protobuf", connection: "close" };
      const answer = await fetch(receiver.endpoint, { method: "POST", headers, body: "" });
      return answer.status === 200;
    },
    close: () => receiver.close(),
  };
}

async function serveTarget(load) {
  const { memoryStore, startFleetServer } = await load("fleet/index.js");
  const store = memoryStore();
  const server = await startFleetServer({ store, token: TOKEN });
  return {
    port: Number(new URL(server.url).port),
    bytes: (random) => fleetBytes(random, TOKEN),
    serves: async () => {
      const headers = { authorization: `Bearer ${TOKEN}`, connection: "close" };
      const answer = await fetch(`${server.url}/1/circuits?scope=s`, { headers });
      return answer.status === 200;
    },
    async close() {
      await server.close();
      await store.close?.();
    },
  };
}
