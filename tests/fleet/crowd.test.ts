/** Tests clients of a server of shared circuits that also has many slow connections. */

import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createFleet } from "../../src/fleet/client/fleet.js";
import { clientOf, startServer, TOKEN } from "./http-scene.js";
import { newBreaker } from "./scripted-store.js";

test("answers all strict clients beside silent and slow connections", async () => {
  const { url } = await startServer({ maxConnections: 40 });
  const { hostname, port } = new URL(url);
  const head = `POST /1/commands HTTP/1.1\r\nhost: x\r\n`;
  // Connections with this text have sent the token, so they take slots of `maxConnections`.
  const begun = `${head}authorization: Bearer ${TOKEN}\r\ncontent-length: 100\r\n\r\n[`;
  const texts = [...Array(200).fill(""), ...Array(20).fill(head), ...Array(10).fill(begun)];
  const others = texts.map((text) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined).write(text);
    return socket;
  });
  onTestFinished(() => {
    for (const socket of others) socket.destroy();
  });
  await Promise.all(others.map((socket) => once(socket, "connect")));
  const clients = Array.from({ length: 30 }, () => {
    const fleet = createFleet({ store: clientOf(url), timeoutMs: 10_000 });
    onTestFinished(() => fleet.close());
    return { fleet, shared: fleet.share(newBreaker()) };
  });
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(clients.map(({ shared }) => shared.execute(() => round)));
  }
  await Promise.all(clients.map(({ fleet }) => fleet.flush()));
  for (const { shared } of clients) {
    expect(shared.getMetrics().metrics).toMatchObject({
      askedCount: 3,
      aloneCount: 0,
      toldCount: 3,
      droppedCount: 0,
    });
  }
});
