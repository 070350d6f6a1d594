/** Measures the memory and the timers of a breaker without calls. */

import { createHook } from "node:async_hooks";
import { CircuitBreaker } from "../../../dist/index.js";
import {
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  operation,
  opossum,
} from "../../contenders/contenders.mjs";
import { keptBytesEach } from "../../measuring/memory.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "Idle breaker";
export const note =
  "Used: after one call that succeeded. Timers are all that were made; timers that hold the process are those that Node.js counts as active.";

const COUNT = 10_000;
const TIMED = 100;

export async function run() {
  const names = Array.from({ length: COUNT }, (_, index) => `upstream-${index}`);
  const contenders = {
    [OURS]: (index) => new CircuitBreaker({ name: names[index] }),
    [`${OURS}, used`]: async (index) => {
      const breaker = new CircuitBreaker({ name: names[index] });
      await breaker.execute(operation);
      return breaker;
    },
    [COCKATIEL]: () => cockatiel(),
    [`${COCKATIEL}, used`]: async () => {
      const policy = cockatiel();
      await policy.execute(operation);
      return policy;
    },
    [OPOSSUM]: (index) => opossum(operation, { name: names[index] }),
  };
  const rows = [];
  for (const [name, make] of Object.entries(contenders)) {
    rows.push({ name, cells: { ...(await timersOf(make)), kept: await bytesOf(make, name) } });
  }
  const figures = [
    figure(rows, OURS, "kept", 280),
    figure(rows, OURS, "timers", 0),
    figure(rows, `${OURS}, used`, "timers", 0),
  ];
  return { rows, figures };
}

/**
 * Measures how many bytes a breaker keeps alive. Measures fewer breakers of opossum, because their timers
 * keep them in memory.
 */
async function bytesOf(make, name) {
  return { unit: "bytes", median: await keptBytesEach(make, name === OPOSSUM ? 2000 : COUNT) };
}

/** Counts the timers that each breaker creates, by a hook of Node.js that also sees unref'd timers. */
async function timersOf(make) {
  let made = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "Timeout") made += 1;
    },
  });
  const kept = [];
  const holdingBefore = holdingTimers();
  hook.enable();
  for (let i = 0; i < TIMED; i++) kept.push(await make(i));
  hook.disable();
  const holding = holdingTimers() - holdingBefore;
  return {
    timers: { unit: "each", median: made / kept.length },
    "that hold the process": { unit: "each", median: holding / kept.length },
  };
}

function holdingTimers() {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}
