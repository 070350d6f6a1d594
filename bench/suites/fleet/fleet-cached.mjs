/** Measures the cost of a closed call whose circuit is shared over Redis, in cached mode. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { BARE, OURS, operation, ours } from "../../contenders/contenders.mjs";
import { openFleet, share, TRIP } from "../../fleet.mjs";
import { contender, rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";
import { startRedis } from "../../redis.mjs";

export const title = "Closed call through a shared circuit, cached";
export const note =
  "Both use the policy of bad seconds; the shared one is a local breaker and the circuit in Redis. The last columns are of some seconds of calls. Asked: calls that waited for the store. Commands: all that the server received. Outcomes are sent once a second.";

const LOCAL = `${OURS}, local`;
const SHARED = `${OURS}, shared`;
/** Number of calls in a round. It is small, so that other processes rarely interrupt a round. */
const CALLS = 2000;
const COUNTED_MS = 5000;

export async function run({ rounds }) {
  const redis = await startRedis();
  try {
    const fleet = await openFleet({ store: redis.url, mode: "cached" });
    const local = ours({ name: "local", trip: TRIP });
    const shared = share(fleet, "shared");
    // The first call asks the store. Later calls use the reply to the first call, so only they are
    // measured.
    await shared.execute(operation);
    const times = await timeRounds(
      [
        contender(BARE, "awaited", operation),
        contender(LOCAL, "awaited", () => local.execute(operation)),
        contender(SHARED, "awaited", () => shared.execute(operation)),
      ],
      { rounds: 5 * rounds, calls: CALLS },
    );
    const rows = rowsOfTimes(times, { "/ bare": BARE, "/ local": LOCAL });
    Object.assign(rows.at(-1).cells, await roundTrips(fleet, shared, redis));
    await fleet.close();
    return {
      rows,
      figures: [
        figure(rows, SHARED, "/ local", 1.3),
        figure(rows, SHARED, "asked", 0),
        figure(rows, SHARED, "commands a second", 3),
      ],
    };
  } finally {
    await redis.stop();
  }
}

async function roundTrips(fleet, shared, redis) {
  await fleet.flush();
  const before = shared.getMetrics().metrics;
  let calls = 0;
  const startMs = performance.now();
  const commands = await redis.commandsIn(async () => {
    while (performance.now() < startMs + COUNTED_MS) {
      for (let i = 0; i < 1000; i += 1) calls += await shared.execute(operation);
      await nextTurn();
    }
    await fleet.flush();
  });
  const tookMs = performance.now() - startMs;
  const after = shared.getMetrics().metrics;
  const told = after.toldCount - before.toldCount;
  if (told !== calls) throw new Error(`the store was told of ${told} of ${calls} calls`);
  return {
    calls: { unit: "each", median: calls },
    asked: { unit: "each", median: after.askedCount - before.askedCount },
    "commands a second": { unit: "each", median: (commands * 1000) / tookMs },
  };
}
