import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { resetSocket } from "./reset-socket.js";

/** The operations that bring a socket into each state before the reset. */
const STATES: Readonly<Record<string, (socket: Socket) => unknown>> = {
  "that is idle": () => undefined,
  "whose end is on its way": (socket) => socket.end(),
  "whose end waits behind bytes": (socket) => socket.end(Buffer.alloc(1_000_000)),
  "whose end has been sent": (socket) => once(socket.end(), "finish"),
  "whose other side has ended": (socket) => once(socket.resume(), "end"),
  "that is destroyed": (socket) => socket.destroy(),
};

test.each(Object.keys(STATES))("a connection %s closes on both sides", async (state) => {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => undefined).resume();
  const closed = once(
    client.once("end", () => client.end()),
    "close",
  ).catch(() => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const errors: unknown[] = [];
  socket.on("error", (error) => errors.push(error));
  const over = new Promise((resolve) => socket.once("close", resolve));
  if (state === "whose other side has ended") client.end();
  await STATES[state]?.(socket);
  resetSocket(socket);
  await over;
  await closed;
  expect(errors.filter((error) => (error as NodeJS.ErrnoException).syscall === "reset")).toEqual(
    [],
  );
  await new Promise((resolve) => server.close(resolve));
});
