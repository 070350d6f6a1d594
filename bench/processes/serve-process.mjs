/** The other processes of the suite `serve`: clients with a deadline, a scraper, and slow connections. */

import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createFleet } from "../../dist/fleet/index.js";
import { operation } from "../contenders/contenders.mjs";
import { share } from "../fleet.mjs";

const ROLES = { clients, crowd, circuits, scrapes };

const [role, url, token] = process.argv.slice(2);
process.once("disconnect", () => process.exit(0));
await ROLES[role]();

/** Creates circuits in the store, and leaves them there. */
async function circuits() {
  const fleet = createFleet({ store: url, token, timeoutMs: 10_000 });
  while (!(await fleet.open())) await wait(1000);
  const [count] = process.argv.slice(5).map(Number);
  for (let made = 0; made < count; made += 1)
    await share(fleet, `circuit-${made}`).execute(operation);
  await fleet.close();
  process.send("ready");
}

/** Scrapes the metrics once a second, until the parent sends "stop". */
async function scrapes() {
  const [readToken] = process.argv.slice(5);
  const headers = { authorization: `Bearer ${readToken}` };
  const seen = { pages: 0, bytes: 0 };
  const scrape = async () => {
    const response = await fetch(`${url}/metrics`, { headers });
    const page = await response.text();
    if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
    seen.pages += 1;
    seen.bytes = page.length;
  };
  process.on("message", () => process.send(seen));
  process.send("ready");
  for (;;) {
    await scrape();
    await wait(1000);
  }
}

/** Creates clients, each with its own connection. They make calls when the parent sends a message. */
async function clients() {
  const [count] = process.argv.slice(5).map(Number);
  const fleets = Array.from({ length: count }, () => createFleet({ store: url, token }));
  for (const fleet of fleets) while (!(await fleet.open())) await wait(1000);
  const shared = fleets.map((fleet) => share(fleet, "one"));
  process.on("message", async ({ rounds, everyMs, spread }) => {
    const waitsMs = [];
    const before = alone(shared);
    const startMs = performance.now() + 500;
    await Promise.all(
      shared.map(async (each, index) => {
        const phaseMs = spread ? (index * everyMs) / count : 0;
        for (let round = 0; round < rounds; round += 1) {
          await wait(Math.max(0, startMs + phaseMs + round * everyMs - performance.now()));
          const askedMs = performance.now();
          await each.execute(operation);
          waitsMs.push(performance.now() - askedMs);
        }
      }),
    );
    process.send({ waitsMs, missed: alone(shared) - before });
  });
  process.send("ready");
}

/** Returns how many calls ran without the store. */
function alone(shared) {
  return shared.reduce((sum, each) => sum + each.getMetrics().metrics.aloneCount, 0);
}

/** Keeps silent and slow connections open. When the server closes a connection, opens it again. */
async function crowd() {
  const [silent, slow] = process.argv.slice(5).map(Number);
  const { hostname, port } = new URL(url);
  const head = `POST /1/commands HTTP/1.1\r\nhost: x\r\n`;
  const texts = [
    // The first text never completes its head. The second contains the token, but never completes its body.
    `${head}x-slow: ${"x".repeat(1000)}`,
    `${head}authorization: Bearer ${token}\r\ncontent-length: 1000\r\n\r\n[${" ".repeat(900)}`,
  ];
  const enter = (text) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined).resume();
    let sent = 0;
    const drip = setInterval(() => {
      if (text !== undefined && sent < text.length) socket.write(text[sent]);
      sent += 1;
    }, 100);
    socket.on("close", () => {
      clearInterval(drip);
      setTimeout(enter, 100, text);
    });
    return new Promise((resolve) => socket.once("connect", resolve));
  };
  for (let index = 0; index < silent; index += 1) await enter(undefined);
  for (let index = 0; index < slow; index += 1) await enter(texts[index % texts.length]);
  process.send("ready");
}
