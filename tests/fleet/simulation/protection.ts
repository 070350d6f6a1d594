/** The protection of one process's pulls: none, its own breaker, or a shared one. */

import { type CallPermit, Permit } from "../../../src/breaker/calls/permit.js";
import { CircuitBreaker } from "../../../src/breaker/circuit-breaker.js";
import type { Clock } from "../../../src/breaker/clock.js";
import { createFleet } from "../../../src/fleet/client/fleet.js";
import type { ReporterOptions } from "../../../src/fleet/client/reporter.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { breakerOptions } from "../../../src/guard/guard-options.js";
import type { NamedBreakerOptions } from "../../../src/registry/registry.js";

/** The kind of protection. */
export type Protection = "none" | "local" | "shared";

/** One process of a runner. */
export interface Process {
  /** Resolves to a permit to pull, or to undefined when a circuit rejects. */
  admit(): CallPermit | undefined | Promise<CallPermit | undefined>;
  /** Resolves when all settled outcomes are reported. */
  told(): void | Promise<void>;
}

/** The parts that the processes of a fleet share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly store: FleetStore;
  /** Options that differ from a guard's breakers. */
  readonly breaker: NamedBreakerOptions;
  readonly countedBy: ReporterOptions["countedBy"];
  /** Called for every opening of a single process's circuit. */
  readonly onLocalTrip: () => void;
}

const UPSTREAM = "registry:docker.io";
/** The store replies at once, so only a machine that stands still reaches this limit. */
const LONGEST_TIMEOUT_MS = 10_000;
/** The default for stores of many machines; that of the store in memory is for one. */
const MINIMUM_REPORTERS = 2;

/** Starts a new process without any knowledge. */
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

/** The process without protection. */
const UNGUARDED: Process = { admit: () => NO_PERMIT, told() {} };
