/** Measures the cost of a call that resolves at once, through a closed circuit. */

import {
  BARE,
  BASES,
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  operation,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { contender, rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "Closed call that resolves at once";

export async function run({ rounds }) {
  const [breaker, policy, circuit] = [ours(), cockatiel(), opossum(operation)];
  const times = await timeRounds(
    [
      contender(BARE, "awaited", operation),
      contender(OURS, "awaited", () => breaker.execute(operation)),
      contender(COCKATIEL, "awaited", () => policy.execute(operation)),
      contender(OPOSSUM, "awaited", () => circuit.fire()),
    ],
    { rounds, calls: 10_000 },
  );
  const rows = rowsOfTimes(times, BASES);
  return {
    rows,
    figures: [figure(rows, OURS, "/ bare", 2), figure(rows, OURS, "/ cockatiel", 0.5)],
  };
}
