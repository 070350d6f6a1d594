// Tests that thousands of requests leave no objects in memory, although many of the requests are cut off.

import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { queryObjects } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientConnection } from "../../src/proxy/http1/client-connection.js";
import { SessionAgent } from "../../src/proxy/sessions/session-agent.js";
import { dial, type Line, requestOf, type Served, serveHttp } from "./wire.js";

const REQUESTS = 10_000;
const WORKERS = 16;

/** The ways in which a request can end. */
const WAYS = [
  "whole",
  "whole",
  "whole",
  "client resets",
  "session resets",
  "both reset",
  "cut body",
] as const;

/** Counts the objects of a class that are in memory, including objects that do not keep the process alive. */
const alive = (of: new (...given: never[]) => object) => queryObjects(of, { format: "count" });

/** Resolves when at most `count` objects are left. Some objects are held a moment longer, so this waits. */
async function untilAtMost(of: new (...given: never[]) => object, count: number): Promise<void> {
  while (alive(of) > count) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Resolves at the next data, or at the end of the connection. */
function heard(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("data", done).off("close", done);
      resolve();
    };
    socket.on("data", done).on("close", done);
  });
}

/** Sends requests one after the other, on the same connection where possible. */
async function work(served: Served, ways: readonly (typeof WAYS)[number][]): Promise<void> {
  let line: Line | undefined;
  for (const [index, way] of ways.entries()) {
    if (line === undefined || line.socket.destroyed) line = dial(served.proxyPort);
    const path = way.startsWith("client") ? "/hold" : `/${way.replaceAll(" ", "-")}`;
    const headers = ["Host: a", `Authorization: ${served.authorization}`];
    // A session that resets a query counts as lost and gets no more queries. So queries are only sent where
    // the session does not reset.
    const isQuery = index % 2 === 0 && (way === "whole" || way === "client resets");
    const body = isQuery ? '{"query":"{version}"}' : "some body";
    const target = isQuery ? `/query?${path}` : path;
    const before: number = line.text.split("the end").length;
    line.socket.write(
      requestOf(`POST ${target} HTTP/1.1`, [...headers, `Content-Length: ${body.length}`], body),
    );
    if (way === "whole") {
      while (line.text.split("the end").length === before && !line.socket.destroyed) {
        await heard(line.socket);
      }
    } else {
      if (way !== "session resets" && way !== "cut body") {
        await new Promise(setImmediate);
        line.socket.resetAndDestroy();
      }
      await line.ended();
      line.socket.destroy();
    }
    if (line.text.length > 2000) line.socket.destroy();
  }
  line?.socket.destroy();
}

test("10,000 requests with many resets on both sides leave no socket and no listener", async () => {
  const warnings: string[] = [];
  // Node warns that counting objects is experimental. That warning does not count.
  const listen = ({ name, message }: Error) =>
    name === "ExperimentalWarning" || warnings.push(message);
  process.on("warning", listen);
  const atRest = alive(Socket);
  {
    await using served = await serveHttp((request, response) => {
      request.resume();
      const url = request.url ?? "";
      if (url.endsWith("/hold")) return;
      if (url.endsWith("/whole")) response.end('{"data":{"a":"the end"}}');
      else if (url.endsWith("/cut-body"))
        response.write('{"data":', () => response.socket?.resetAndDestroy());
      else response.socket?.resetAndDestroy();
    });
    const [ways = []] = fc.sample(
      fc.array(fc.constantFrom(...WAYS), { minLength: REQUESTS, maxLength: REQUESTS }),
      { numRuns: 1, seed: 7 },
    );
    served.guard.engine.disable();
    const share = REQUESTS / WORKERS;
    await Promise.all(
      Array.from({ length: WORKERS }, (_, index) =>
        work(served, ways.slice(index * share, (index + 1) * share)),
      ),
    );
    const open = () => served.connections.filter((socket) => !socket.destroyed).length;
    while (open() > 0) await new Promise(setImmediate);
    await untilAtMost(ClientConnection, 0);
    await untilAtMost(SessionAgent, 0);
    // The test's own list still refers to the sockets of the session, and these refer to requests.
    served.connections.length = 0;
    await untilAtMost(IncomingMessage, 0);
    await untilAtMost(Socket, atRest);
    expect(served.guard.engine.getMetrics().metrics.failureCount).toBe(0);
  }
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});
