/** Makes a connection that sends given bytes in pieces and ends in one of many ways. */

import { connect } from "node:net";

const turn = () => new Promise(setImmediate);

/** Writes bytes in pieces of random size, with random pauses. */
export async function writeInPieces(socket, bytes, random) {
  for (let at = 0; at < bytes.length && !socket.destroyed && socket.writable; ) {
    const length = random.chance(0.6) ? bytes.length : 1 + random.below(bytes.length);
    socket.write(bytes.subarray(at, at + length));
    at += length;
    if (random.chance(0.3)) await turn();
  }
}

/** Ends a connection in one of the ways in which real programs do. */
export function endSomehow(socket, random) {
  // A socket whose end is being sent must not be reset, because Node would then never close it.
  if (socket.writableEnded) return void socket.destroy();
  const way = random.below(5);
  if (way === 0) socket.end();
  else if (way === 1) socket.resetAndDestroy();
  else if (way === 2) socket.destroy();
  else if (way === 3) socket.end(() => socket.destroy());
  else socket.destroySoon();
}

/** Makes one connection of a client. Resolves when the connection is closed. */
export async function driveClient(port, bytes, random) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: random.chance(0.5) });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const reading = random.below(4);
  let hasData = false;
  if (reading > 0) socket.on("data", () => (hasData = true));
  if (reading === 1) socket.on("data", () => socket.pause() && setImmediate(() => socket.resume()));
  await writeInPieces(socket, bytes, random);
  const turns = random.below(60);
  for (let waited = 0; waited < turns && !socket.destroyed; waited += 1) {
    if (hasData && random.chance(0.1)) break;
    await turn();
  }
  endSomehow(socket, random);
  // The other side gets some time to close the connection. Then the client closes it.
  for (let waited = 0; waited < 20 && !socket.destroyed; waited += 1) await turn();
  socket.destroy();
  await closed;
}
