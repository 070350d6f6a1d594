// Tests upgrades that are cut off, pipelined, or left by one side. Both connections must end, in whatever
// order this happens.

import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { testWhere } from "../only-where.js";
import { dial, type Line, listenTo, requestOf, type Served, serveBytes } from "./wire.js";

const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const OFFER = ["Upgrade: websocket", "Connection: Upgrade"];

const offer = ({ authorization }: Served, path = "/socket") =>
  requestOf(`GET ${path} HTTP/1.1`, ["Host: a", `Authorization: ${authorization}`, ...OFFER]);

/** Returns a query. The session ignores an offer to upgrade in it. */
const query = ({ authorization }: Served, text: string, more: readonly string[] = []) => {
  const body = JSON.stringify({ query: text });
  const head = ["Host: a", `Authorization: ${authorization}`, `Content-Length: ${body.length}`];
  return requestOf("POST /query HTTP/1.1", [...head, ...more], body);
};

const answerOf = (text: string) => {
  const body = JSON.stringify({ data: { text } });
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

const ENDS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  ends: (socket) => socket.end(),
  resets: (socket) => socket.resetAndDestroy(),
  leaves: (socket) => socket.destroy(),
  "ends and then resets": (socket) => socket.end(() => socket.resetAndDestroy()),
};

/** How much of its answer to the upgrade the session sends before the connection ends. */
const CONSENTS: Readonly<Record<string, string>> = {
  "before 101": "",
  "in the middle of 101": SWITCH.slice(0, 30),
  "right behind 101": SWITCH,
  "behind 101 and bytes": `${SWITCH}some bytes`,
  "behind a refusal": "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!",
  "in the middle of a refusal": "HTTP/1.1 400 Bad Request\r\nContent-Length: 30\r\n\r\nno!",
};

const CASES = ["session", "client"].flatMap((side) =>
  Object.keys(ENDS).flatMap((end) =>
    Object.keys(CONSENTS).map((when) => [side, end, when] as const),
  ),
);

const openFiles = () => readdirSync("/proc/self/fd").length;

testWhere(process.platform === "linux")(
  "closes both connections after any end of an upgrade",
  async () => {
    const sessions: Line[] = [];
    let consent = "";
    await using served = await serveBytes(async (socket) => {
      const line = listenTo(socket);
      sessions.push(line);
      await line.until("\r\n\r\n");
      socket.write(consent);
      line.socket.once("end", () => socket.end());
    });
    const atRest = openFiles();
    for (const [side, end, when] of CASES) {
      consent = CONSENTS[when] ?? "";
      const client = dial(served.proxyPort);
      client.socket.write(`${offer(served)}early`);
      while (sessions.length === 0) await new Promise(setImmediate);
      const session = sessions.pop() as Line;
      await session.until("\r\n\r\n");
      // Like any program, the other side ends its connection when it receives the end.
      const [ending, other] = side === "client" ? [client, session] : [session, client];
      other.socket.once("end", () => other.socket.end());
      const closed = Promise.all([closing(ending.socket), closing(other.socket)]);
      ENDS[end]?.(ending.socket);
      ending.socket.once("end", () => ending.socket.destroy());
      await closed;
      served.connections.length = 0;
      while (openFiles() > atRest) await new Promise(setImmediate);
    }
    expect(openFiles()).toBeLessThanOrEqual(atRest);
  },
);

async function closing(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, "close").catch(() => undefined);
}

test("an upgrade sent after a query waits, and is answered after it", async () => {
  const release: (() => void)[] = [];
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("{first}");
    release.push(() => socket.write(answerOf("first")));
    await line.until("GET /socket");
    socket.write(`${SWITCH}switched`);
    await line.until("early");
    socket.write("and heard");
  });
  const line = dial(served.proxyPort);
  line.socket.write(`${query(served, "{first}")}${offer(served)}early`);
  while (release.length === 0) await new Promise(setImmediate);
  release[0]?.();
  expect(await line.until("and heard")).toBe(`${answerOf("first")}${SWITCH}switchedand heard`);
  line.socket.destroy();
});

test("a rejected upgrade after a query is answered after it", async () => {
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("{first}");
    socket.write(answerOf("first"));
    await line.until("GET /socket");
    socket.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  });
  const line = dial(served.proxyPort);
  line.socket.write(`${query(served, "{first}")}${offer(served)}`);
  expect(await line.ended()).toBe(
    `${answerOf("first")}HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
});

test("answers all pipelined queries that each offer an upgrade, in order", async () => {
  const texts = ["{a}", "{b}", "{c}", "{d}"];
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    for (const text of texts) {
      await line.until(text);
      await new Promise(setImmediate);
      socket.write(answerOf(text));
    }
  });
  const line = dial(served.proxyPort);
  line.socket.write(texts.map((text) => query(served, text, OFFER)).join(""));
  expect(await line.until('"{d}"}}')).toBe(texts.map(answerOf).join(""));
  expect(served.proxy.counts.requests).toBe(4);
  line.socket.destroy();
});

test("a long answer before an upgrade arrives complete, at the speed of its reader", async () => {
  const BYTES = 8 * 1024 * 1024;
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("GET /long");
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BYTES}\r\n\r\n`);
    socket.write("a".repeat(BYTES));
    await line.until("GET /socket");
    socket.write(`${SWITCH}switched`);
  });
  const line = dial(served.proxyPort);
  line.socket.pause();
  const headers = ["Host: a", `Authorization: ${served.authorization}`];
  line.socket.write(`${requestOf("GET /long HTTP/1.1", headers)}${offer(served)}`);
  while ((served.connections[0]?.writableLength ?? 0) === 0) await new Promise(setImmediate);
  line.socket.resume();
  expect((await line.until("switched")).length).toBeGreaterThan(BYTES);
  line.socket.destroy();
});

const CHUNK = "a".repeat(64 * 1024);
/** So many chunks fit into no buffers of two connections. */
const LONG = 1000;

/** Which offer a client sends, and what it must receive. */
const BEHIND_A_PAUSE: readonly (readonly [string, (served: Served) => string, string])[] = [
  ["is relayed with the bytes behind it", offer, "heard early"],
  [
    "without the token is rejected",
    () => requestOf("GET /socket HTTP/1.1", ["Host: a", ...OFFER]),
    "401 Unauthorized",
  ],
];

test.each(BEHIND_A_PAUSE)(
  "an upgrade sent while Node reads nothing of its connection %s",
  async (_, offerOf, expected) => {
    let session: Line | undefined;
    let sentChunks = 0;
    await using served = await serveBytes(async (socket) => {
      session = listenTo(socket);
      await session.until("GET /long");
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${CHUNK.length * LONG}\r\n\r\n`);
      for (; sentChunks < LONG; sentChunks += 1) {
        if (!socket.write(CHUNK)) await once(socket, "drain");
      }
      await session.until("GET /short");
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort");
      await session.until("GET /socket");
      socket.write(SWITCH);
      await session.until("early");
      socket.write("heard early");
    });
    const client = dial(served.proxyPort, 1000);
    client.socket.pause();
    const headers = ["Host: a", `Authorization: ${served.authorization}`];
    client.socket.write(requestOf("GET /long HTTP/1.1", headers));
    await standstill(() => sentChunks);
    // Node stops reading at the first of these requests. The second one is an upgrade in the same chunk.
    client.socket.write(`${requestOf("GET /short HTTP/1.1", headers)}${offerOf(served)}`);
    await turns(100);
    client.socket.resume();
    await client.until("short");
    client.socket.write("early");
    await client.until(expected);
    client.socket.end();
    await session?.ended();
  },
);

/** Waits until a count has grown, and grows no further. */
async function standstill(count: () => number): Promise<void> {
  for (let before = 0, same = 0; same < 200; ) {
    await turns(1);
    same = count() > 0 && count() === before ? same + 1 : 0;
    before = count();
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

test("drops the query before a waiting upgrade when its client leaves", async () => {
  let dropped = () => {};
  const isDropped = new Promise<void>((resolve) => {
    dropped = resolve;
  });
  await using served = await serveBytes(async (socket) => {
    socket.once("close", dropped).once("end", () => socket.end());
    await listenTo(socket).until("{first}");
  });
  const line = dial(served.proxyPort);
  line.socket.write(`${query(served, "{first}")}${offer(served)}`);
  while (served.proxy.counts.requests === 0) await new Promise(setImmediate);
  line.socket.resetAndDestroy();
  await isDropped;
  expect(served.guard.engine.getMetrics().metrics.failureCount).toBe(0);
});
