/** Measures how long it takes until a circuit that opens in one process rejects calls in another. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { operation } from "../../contenders/contenders.mjs";
import { openFleet, share } from "../../fleet.mjs";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";
import { startRedis } from "../../redis.mjs";

export const title = "A trip seen by another process";
export const note =
  "Two processes and Redis on one machine. One settles a failure that opens the circuit at once, as a rate limit does. The time ends when a call of the other is rejected. In cached mode the change was pushed; in strict mode the other asks all the time.";

const TRIPS = 60;

export async function run() {
  const redis = await startRedis();
  try {
    const rows = [];
    for (const mode of ["cached", "strict"]) {
      const ms = await tripsSeen(redis.url, mode);
      rows.push({
        name: mode,
        cells: {
          trips: { unit: "each", median: ms.length },
          "seen after ms": { unit: "each", ...spreadOf(ms) },
          "at the most ms": { unit: "each", median: Math.max(...ms) },
        },
      });
    }
    return { rows, figures: rows.map(({ name }) => figure(rows, name, "seen after ms", 5)) };
  } finally {
    await redis.stop();
  }
}

/** Measures several openings. Each uses a new circuit, so that no circuit has to close again. */
async function tripsSeen(url, mode) {
  const child = fork(
    new URL("../../processes/fleet-process.mjs", import.meta.url),
    ["watch", url, mode],
    {
      execArgv: [],
    },
  );
  try {
    await once(child, "message");
    const fleet = await openFleet({ store: url, mode });
    const seenMs = [];
    for (let trip = -5; trip < TRIPS; trip += 1) {
      const tookMs = await tripSeen(fleet, child, `${mode}-${trip}`);
      if (trip >= 0) seenMs.push(tookMs);
    }
    await fleet.close();
    return seenMs;
  } finally {
    child.disconnect();
  }
}

async function tripSeen(fleet, child, name) {
  const shared = share(fleet, name);
  await shared.execute(operation);
  const permit = await shared.acquire();
  child.send({ name });
  await once(child, "message");
  const tripNs = process.hrtime.bigint();
  permit.failure(new Error("limited"), { openNow: true });
  const [{ seenNs }] = await once(child, "message");
  return Number(BigInt(seenNs) - tripNs) / 1e6;
}
