/** What stands before the pulls of one process: nothing, a breaker of its own, or one that all share. */

import { type CallPermit, Permit } from "../../../src/breaker/calls/permit.js";
import { CircuitBreaker } from "../../../src/breaker/circuit-breaker.js";
import type { Clock } from "../../../src/breaker/clock.js";
import { createFleet } from "../../../src/fleet/client/fleet.js";
import type { ReporterOptions } from "../../../src/fleet/client/reporter.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { breakerOptions } from "../../../src/guard/guard-options.js";
import type { NamedBreakerOptions } from "../../../src/registry/registry.js";

/** What protects the upstream. */
export type Protection = "none" | "local" | "shared";

/** One process of a runner. */
export interface Process {
  /** Resolves to the right to pull, or to undefined when a circuit refuses. */
  admit(): CallPermit | undefined | Promise<CallPermit | undefined>;
  /** Resolves when all that was settled is told to whoever keeps it. */
  told(): void | Promise<void>;
}

/** What the processes of a fleet have in common. */
export interface Surroundings {
  readonly clock: Clock;
  readonly store: FleetStore;
  /** What is other than in the breakers of a guard. */
  readonly breaker: NamedBreakerOptions;
  readonly countedBy: ReporterOptions["countedBy"];
  /** Hears of every circuit of a single process that opens. */
  readonly onLocalTrip: () => void;
}

const UPSTREAM = "registry:docker.io";
/** The store answers at once, so this is only reached by a machine that stands still. */
const LONGEST_TIMEOUT_MS = 10_000;
/** What stores of many machines ask for; the one in memory is for one. */
const MINIMUM_REPORTERS = 2;

/** Starts a process that knows nothing yet. */
export function startProcess(
  protection: Protection,
  runner: number,
  around: Surroundings,
): Process {
  if (protection === "none") return UNGUARDED;
  const breaker = new CircuitBreaker({
    name: UPSTREAM,
    clock: around.clock,
    ...breakerOptions({ [UPSTREAM]: around.breaker }, UPSTREAM, protection === "shared"),
  });
  breaker.on("stateChange", ({ from, to }) => {
    if (from === "closed" && to === "open") around.onLocalTrip();
  });
  if (protection === "local") {
    return { admit: () => permitOrNothing(breaker.tryAcquire()), told() {} };
  }
  const fleet = createFleet({
    store: around.store,
    timeoutMs: LONGEST_TIMEOUT_MS,
    minimumReporters: MINIMUM_REPORTERS,
    reporter: { host: `runner-${runner}`, run: null, countedBy: around.countedBy },
  });
  const shared = fleet.share(breaker);
  return {
    admit: async () => permitOrNothing(await shared.tryAcquire()),
    told: () => fleet.flush(),
  };
}

function permitOrNothing(admission: unknown): CallPermit | undefined {
  return admission instanceof Permit ? admission : undefined;
}

const NO_PERMIT: CallPermit = {
  keepLocal: () => {},
  generation: 0,
  success() {},
  failure() {},
  ignore() {},
  release() {},
};

/** Of who asks nobody. */
const UNGUARDED: Process = { admit: () => NO_PERMIT, told() {} };
