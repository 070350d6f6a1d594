/** Measures how much heap a closed call allocates, without the heap that the operation itself allocates. */

import {
  BARE,
  COCKATIEL,
  cockatiel,
  OPOSSUM,
  OURS,
  operation,
  opossum,
  ours,
} from "../../contenders/contenders.mjs";
import { contender } from "../../measuring/measure.mjs";
import { allocatedBytes } from "../../measuring/memory.mjs";
import { figure } from "../../measuring/report.mjs";

export const title = "Heap per closed call";

/** Makes the young generation so large that no garbage is collected during a measurement. */
export const nodeOptions = ["--min-semi-space-size=128", "--max-semi-space-size=128"];

export async function run({ rounds }) {
  const [breaker, policy, circuit] = [ours(), cockatiel(), opossum(operation)];
  const bytes = await allocatedBytes(
    [
      contender(BARE, "awaited", operation),
      contender(OURS, "awaited", () => breaker.execute(operation)),
      contender(COCKATIEL, "awaited", () => policy.execute(operation)),
      contender(OPOSSUM, "awaited", () => circuit.fire()),
    ],
    { rounds: Math.ceil(rounds / 2), calls: 10_000 },
  );
  const rows = [...bytes].map(([name, median]) => ({
    name,
    cells: {
      "a call": { unit: "bytes", median },
      "over bare": { unit: "bytes", median: median - bytes.get(BARE) },
    },
  }));
  return { rows, figures: [figure(rows, OURS, "over bare", 160)] };
}
