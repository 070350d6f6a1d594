import { once } from "node:events";
import type { Http2Session } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { destroyWhenDead } from "./http2-watch.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Creates a session that no longer reads but still writes. Node 20 can leave a session in this state. */
function deafSession() {
  const session = { destroyed: false, ping: () => true, destroy: () => undefined };
  session.destroy = () => {
    session.destroyed = true;
  };
  return session;
}

/** Creates both ends of a connection. The first end is not read. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[socket]] = await Promise.all([once(server, "connection"), once(peer, "connect")]);
  server.close();
  return [socket, peer];
}

test("a connection that was reset is destroyed, although its session seems to write", async () => {
  const [socket, peer] = await pair();
  const session = deafSession();
  let written = 0;
  Object.defineProperty(socket, "bytesWritten", { get: () => ++written });
  destroyWhenDead(session as unknown as Http2Session, socket);
  vi.advanceTimersByTime(60_000);
  expect(session.destroyed).toBe(false);
  peer.resetAndDestroy();
  await vi.waitFor(() => {
    vi.advanceTimersByTime(5000);
    expect([session.destroyed, socket.destroyed]).toEqual([true, true]);
  });
});
