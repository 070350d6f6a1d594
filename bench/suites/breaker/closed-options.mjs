/** Measures the cost of a closed call with a signal, a slow-call policy or a listener. */

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

export const title = "Closed call with a signal, a slow-call policy or a listener";
export const note =
  "Ratios to cockatiel are to its plain call, the cheapest it has; it knows no slow calls, and opossum takes no signal. A listener is compared with a listener, in a column of its own.";

const HEARD = "/ cockatiel, listener";

const SLOW_CALLS = {
  trip: { failureRate: 0.5, windowCalls: 100, minimumCalls: 100, slowCallMs: 1000 },
};

export async function run({ rounds }) {
  const { signal } = new AbortController();
  const [signalled, timed, heard] = [ours(), ours(SLOW_CALLS), ours()];
  const [policy, heardPolicy] = [cockatiel(), cockatiel()];
  const heardCircuit = opossum(operation);
  let events = 0;
  const listener = () => {
    events += 1;
  };
  heard.on("success", listener);
  heardPolicy.onSuccess(listener);
  heardCircuit.on("success", listener);
  const times = await timeRounds(
    [
      contender(BARE, "awaited", operation),
      contender(COCKATIEL, "awaited", () => policy.execute(operation)),
      contender(`${OURS}, signal`, "awaited", () => signalled.execute(operation, { signal })),
      contender(`${COCKATIEL}, signal`, "awaited", () => policy.execute(operation, signal)),
      contender(`${OURS}, slow calls`, "awaited", () => timed.execute(operation)),
      contender(`${OURS}, listener`, "awaited", () => heard.execute(operation)),
      contender(`${COCKATIEL}, listener`, "awaited", () => heardPolicy.execute(operation)),
      contender(`${OPOSSUM}, listener`, "awaited", () => heardCircuit.fire()),
    ],
    { rounds, calls: 5000 },
  );
  if (events === 0) throw new Error("the listeners heard nothing");
  const rows = rowsOfTimes(times, { ...BASES, [HEARD]: `${COCKATIEL}, listener` });
  const figures = [
    figure(rows, `${OURS}, signal`, "/ cockatiel", 1.2),
    figure(rows, `${OURS}, slow calls`, "/ cockatiel", 1.2),
    figure(rows, `${OURS}, listener`, HEARD, 1.2),
  ];
  return { rows, figures };
}
