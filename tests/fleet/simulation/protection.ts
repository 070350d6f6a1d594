/** Protects the pulls of one process with no breaker, with a breaker of its own, or with a shared circuit. */

import { type CallPermit, Permit } from "../../../src/breaker/calls/permit.js";
import { CircuitBreaker } from "../../../src/breaker/circuit-breaker.js";
import type { Clock } from "../../../src/breaker/clock.js";
import { createFleet } from "../../../src/fleet/client/fleet.js";
import type { ReporterOptions } from "../../../src/fleet/client/reporter.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { breakerOptions } from "../../../src/guard/guard-options.js";
import type { NamedBreakerOptions } from "../../../src/registry/registry.js";

export type Protection = "none" | "local" | "shared";

/** One process on a runner. */
export interface Process {
  /** Returns a permit to pull; undefined when a circuit rejects the pull. */
  admit(): CallPermit | undefined | Promise<CallPermit | undefined>;
  /** Resolves when the store has all outcomes that were settled. */
  told(): void | Promise<void>;
}

/** The objects and options that the processes of a fleet share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly store: FleetStore;
  /** Breaker options that differ from those of a guard. */
  readonly breaker: NamedBreakerOptions;
  readonly countedBy: ReporterOptions["countedBy"];
  /** Called each time the circuit of a single process opens. */
  readonly onLocalTrip: () => void;
}

const UPSTREAM = "registry:docker.io";
/** The store replies at once, so only a machine that stands still for so long reaches this timeout. */
const LONGEST_TIMEOUT_MS = 10_000;
/**
 * The default of stores for many machines. The store in memory has another default, because it is for one
 * machine.
 */
const MINIMUM_REPORTERS = 2;

/** Starts a process that knows nothing from earlier processes. */
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

/** A process whose pulls are never rejected. */
const UNGUARDED: Process = { admit: () => NO_PERMIT, told() {} };
