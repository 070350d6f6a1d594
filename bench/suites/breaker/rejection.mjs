/** Measures the cost of a rejection by an open circuit. */

import { ConsecutiveBreaker } from "cockatiel";
import {
  BARE,
  BASES,
  COCKATIEL,
  cockatiel,
  failingOperation,
  OPOSSUM,
  OURS,
  operation,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { contender, rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "Rejection by an open circuit";
export const note =
  "By throw: the caller awaits in try and catch. Bare is a call that resolves at once.";

export async function run({ rounds }) {
  const breaker = ours({ failureThreshold: 1 });
  const policy = cockatiel(new ConsecutiveBreaker(1));
  const circuit = opossum(failingOperation);
  await breaker.execute(failingOperation).catch(() => {});
  await policy.execute(failingOperation).catch(() => {});
  circuit.open();
  const times = await timeRounds(
    [
      contender(BARE, "awaited", operation),
      contender(OURS, "caught", () => breaker.execute(operation)),
      contender(`${OURS}, tryExecute`, "refused", () => breaker.tryExecute(operation)),
      contender(COCKATIEL, "caught", () => policy.execute(operation)),
      contender(OPOSSUM, "caught", () => circuit.fire()),
    ],
    { rounds, calls: 2000 },
  );
  const rows = rowsOfTimes(times, BASES);
  return {
    rows,
    figures: [
      figure(rows, OURS, "/ cockatiel", 0.5),
      figure(rows, `${OURS}, tryExecute`, "/ cockatiel", 0.1),
    ],
  };
}
