/**
 * Measures the cost of a call that asks Redis, and compares it with Effect's breaker. Calls run one by one,
 * or a thousand at once.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { OURS, operation } from "../../contenders/contenders.mjs";
import { effectBreaker } from "../../contenders/effect-breaker.mjs";
import { openFleet, share } from "../../fleet.mjs";
import { rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";
import { startRedis } from "../../redis.mjs";

export const title = "Call through a circuit in Redis, strict";
export const note =
  "Effect 4's breaker with its store in Redis, over the same client library (node-redis) and the same server. A call is timed until its outcome is in the store, for which ours does not make the caller wait. Ours asks for all calls of one turn of the event loop with one command, which also contains the outcomes of earlier calls. At once: 1,000 callers on one circuit, each with five calls that resolve at once. Spread: the same, each call taking 0 to 9 turns of the event loop. Commands are what the server was sent.";

const EFFECT = "effect";
const CALLERS = 1000;
const CALLS_EACH = 5;

/**
 * The loads to measure: how many callers run at once, how many calls they make in total, and the operation
 * of each call.
 */
const LOADS = [
  { load: "one after another", callers: 1, calls: 300, operation },
  { load: "at once", callers: CALLERS, calls: CALLERS * CALLS_EACH, operation },
  { load: "spread", callers: CALLERS, calls: CALLERS * CALLS_EACH, operation: takingTurns() },
];

export async function run({ rounds }) {
  const redis = await startRedis();
  try {
    const effect = await effectBreaker(redis.url);
    const fleet = await openFleet({ store: redis.url });
    const rows = [];
    for (const load of LOADS) rows.push(...(await compare(load, fleet, effect, redis, rounds)));
    await fleet.close();
    await effect.close();
    return {
      rows,
      figures: [
        figure(rows, nameOf(OURS, LOADS[0]), "commands a call", 1.1),
        figure(rows, nameOf(OURS, LOADS[0]), "/ effect", 0.8),
        figure(rows, nameOf(OURS, LOADS[1]), "/ effect", 0.5),
        figure(rows, nameOf(OURS, LOADS[2]), "/ effect", 0.5),
      ],
    };
  } finally {
    await redis.stop();
  }
}

async function compare({ load, callers, calls, operation }, fleet, effect, redis, rounds) {
  const shared = share(fleet, load);
  const contenders = [
    {
      name: nameOf(OURS, { load }),
      async run(count) {
        const caller = async () => {
          let sum = 0;
          for (let i = 0; i < count / callers; i += 1) sum += await shared.execute(operation);
          return sum;
        };
        const sums = await Promise.all(Array.from({ length: callers }, caller));
        await fleet.flush();
        return sums.reduce((total, sum) => total + sum, 0);
      },
    },
    {
      name: nameOf(EFFECT, { load }),
      run: (count) => effect.callers(callers, count / callers, load, operation),
    },
  ];
  const times = await timeRounds(contenders, { rounds: Math.ceil(rounds / 3), calls });
  const { aloneCount, droppedCount } = shared.getMetrics().metrics;
  if (aloneCount + droppedCount > 0) throw new Error("there were calls without the store");
  const rows = rowsOfTimes(times, { "/ effect": nameOf(EFFECT, { load }) });
  for (const [index, { run }] of contenders.entries()) {
    const commands = await redis.commandsIn(() => run(calls));
    rows[index].cells["commands a call"] = { unit: "x", median: commands / calls };
  }
  return rows;
}

function nameOf(contender, { load }) {
  return `${contender}, ${load}`;
}

/**
 * Returns an operation that takes 0 to 9 turns of the event loop. Successive calls take irregular numbers
 * of turns.
 */
function takingTurns() {
  let made = 0;
  return async () => {
    made += 1;
    for (let turns = (made * 7919) % 10; turns > 0; turns -= 1) await nextTurn();
    return 1;
  };
}
