/** The four trip policies side by side: which failures open each circuit, and which do not. */

import { CircuitBreaker, type TripOptions } from "dagger-circuit-breaker";
import { VirtualClock } from "dagger-circuit-breaker/testing";

const POLICIES: Readonly<Record<string, TripOptions>> = {
  "5 in a row": { consecutive: 5 },
  "5 bad seconds": { badSeconds: 5, windowMs: 60_000 },
  "20 in a minute": { failures: 20, windowMs: 60_000 },
  "half of 100": { failureRate: 0.5, windowCalls: 100, minimumCalls: 20 },
};

/**
 * Decides the outcome of a call from its second and from its number within that second. Each second has ten
 * calls.
 */
type Traffic = (second: number, call: number) => "success" | "failure";

const TRAFFIC: Readonly<Record<string, Traffic>> = {
  "one blip kills ten calls": (second) => (second === 10 ? "failure" : "success"),
  "every tenth call fails": (_second, call) => (call === 0 ? "failure" : "success"),
  "two of three calls fail": (second, call) => ((second + call) % 3 === 0 ? "success" : "failure"),
  "nothing works any more": (second) => (second >= 10 ? "failure" : "success"),
};

const width = 26;
console.log("When does the circuit open? (ten calls a second, for one minute)\n");
console.log("".padEnd(width) + Object.keys(POLICIES).map(cell).join(""));
for (const [name, traffic] of Object.entries(TRAFFIC)) {
  const opened = Object.values(POLICIES).map((trip) => cell(openedAfter(trip, traffic)));
  console.log(name.padEnd(width) + opened.join(""));
}

/** Runs a minute of traffic in virtual time. Returns when the circuit opened. */
function openedAfter(trip: TripOptions, traffic: Traffic): string {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ trip, clock });
  for (let second = 0; second < 60; second += 1) {
    for (let call = 0; call < 10; call += 1) {
      const permit = breaker.tryAcquire();
      if (permit instanceof Error) return `after ${(clock.now() / 1000).toFixed(1)} s`;
      if (traffic(second, call) === "failure") permit.failure();
      else permit.success();
      clock.advance(100);
    }
  }
  return "never";
}

function cell(text: string): string {
  return text.padEnd(16);
}
