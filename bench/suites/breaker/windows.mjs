/** Measures whether trip policies stay as cheap when their window holds a hundred times more calls. */

import { CountBreaker, SamplingBreaker } from "cockatiel";
import {
  BARE,
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { contender, rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

export const title = "Window policies at 100 and at 10,000 calls";
export const note =
  "One call in ten fails. Opossum's breakers are filled from empty to that many calls, then replaced; its window cannot be steered.";

const WINDOW_MS = 60_000;
const SIZES = [100, 10_000];
const FAILURE = new Error("the upstream failed");

let operations = 0;
const operation = async () => {
  operations += 1;
  if (operations % 10 === 0) throw FAILURE;
  return 1;
};

const TRIPS = {
  "count window": (calls) => ({ failureRate: 1, windowCalls: calls, minimumCalls: calls }),
  "time window": () => ({ failureRate: 1, windowMs: WINDOW_MS, minimumCalls: 100 }),
  failures: (calls) => ({ failures: calls, windowMs: WINDOW_MS }),
  "bad seconds": () => ({ badSeconds: 5, windowMs: WINDOW_MS }),
};

export async function run({ rounds }) {
  const pairs = [
    ...Object.entries(TRIPS).map(([kind, trip]) => [
      `${OURS}, ${kind}`,
      (size) => windowed(trip(size), size),
    ]),
    [`${COCKATIEL}, count window`, (size) => counting(size)],
    [OPOSSUM, (size) => filling(size)],
  ];
  const sampling = cockatiel(new SamplingBreaker({ threshold: 0.99, duration: WINDOW_MS }));
  const contenders = [
    contender(BARE, "settled", operation),
    contender(`${COCKATIEL}, time window`, "settled", () => sampling.execute(operation)),
    ...pairs.flatMap(([name, runOf]) =>
      SIZES.map((size) => ({ ...runOf(size), name: at(name, size) })),
    ),
  ];
  const times = await timeRounds(contenders, { rounds, calls: 2000 });
  const rows = rowsOfTimes(times, { "/ bare": BARE });
  for (const [name] of pairs) {
    const [few, many] = SIZES.map((size) => times.get(at(name, size)));
    const growth = spreadOf(many.map((time, round) => time / few[round]));
    rows.find((row) => row.name === at(name, SIZES[1])).cells[GROWTH] = { unit: "x", ...growth };
  }
  const figures = Object.keys(TRIPS).map((kind) =>
    // A call may be at most 10 % slower, which allows for noise.
    figure(rows, at(`${OURS}, ${kind}`, SIZES[1]), GROWTH, 1.1),
  );
  return { rows, figures };
}

const GROWTH = "/ at 100";

function at(name, size) {
  return `${name}, ${size.toLocaleString("en")}`;
}

/**
 * Returns one of our breakers as a contender. Its clock moves on with every call, so that the window holds
 * `size` calls.
 */
function windowed(trip, size) {
  let nowMs = 0;
  const breaker = ours({ trip, clock: { now: () => nowMs } });
  return contender("", "settled", () => {
    nowMs += WINDOW_MS / size;
    return breaker.execute(operation);
  });
}

function counting(size) {
  const policy = cockatiel(new CountBreaker({ threshold: 0.99, size }));
  return contender("", "settled", () => policy.execute(operation));
}

function filling(size) {
  let made = 0;
  let circuit = opossum(operation);
  return contender("", "settled", () => {
    made += 1;
    if (made % size === 0) {
      circuit.shutdown();
      circuit = opossum(operation);
    }
    return circuit.fire();
  });
}
