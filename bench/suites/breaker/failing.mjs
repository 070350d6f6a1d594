/** Measures the cost of a call that fails one tick later, through a circuit that stays closed. */

import {
  BARE,
  BASES,
  COCKATIEL,
  cockatiel,
  failingOperation,
  OPOSSUM,
  OURS,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { contender, rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "Failing call that settles one tick later";

export const note =
  "Opossum without its latency percentiles: with them its failing call grows with the traffic, see the windows.";

export async function run({ rounds }) {
  const [breaker, policy] = [ours(), cockatiel()];
  const circuit = opossum(failingOperation, { rollingPercentilesEnabled: false });
  const times = await timeRounds(
    [
      contender(BARE, "caught", failingOperation),
      contender(OURS, "caught", () => breaker.execute(failingOperation)),
      contender(COCKATIEL, "caught", () => policy.execute(failingOperation)),
      contender(OPOSSUM, "caught", () => circuit.fire()),
    ],
    { rounds, calls: 3000 },
  );
  // A call through an open circuit is far cheaper, so the result would be wrong.
  if (breaker.state !== "closed") throw new Error("our circuit opened");
  const rows = rowsOfTimes(times, BASES);
  return { rows, figures: [figure(rows, OURS, "/ cockatiel", 0.8)] };
}
