/** Measures the cost of a call while a thousand calls are in flight. */

import {
  BARE,
  BASES,
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { rowsOfTimes, timeRounds } from "../../measuring/measure.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "1,000 calls in flight";

const IN_FLIGHT = 1000;

export async function run({ rounds }) {
  let gate = Promise.resolve();
  const operation = async () => {
    await gate;
    return 1;
  };
  /** Starts a thousand calls that all wait for the same gate. Opens the gate and waits for all calls. */
  const batches = (name, call) => ({
    name,
    async run(calls) {
      let done = 0;
      for (let batch = 0; batch < calls / IN_FLIGHT; batch++) {
        let open;
        gate = new Promise((resolve) => {
          open = resolve;
        });
        const running = Array.from({ length: IN_FLIGHT }, call);
        open();
        for (const value of await Promise.all(running)) done += value;
      }
      return done;
    },
  });
  const [breaker, policy, circuit] = [ours(), cockatiel(), opossum(operation)];
  const times = await timeRounds(
    [
      batches(BARE, () => operation()),
      batches(OURS, () => breaker.execute(operation)),
      batches(COCKATIEL, () => policy.execute(operation)),
      batches(OPOSSUM, () => circuit.fire()),
    ],
    { rounds, calls: 5 * IN_FLIGHT },
  );
  const rows = rowsOfTimes(times, BASES);
  return { rows, figures: [figure(rows, OURS, "/ bare", 1.5)] };
}
