/** Generates random policies, and random commands that fit the state of a circuit. */

import fc from "fast-check";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { FleetReply } from "../../src/fleet/rules/reply.js";
import { RUN_RESULTS } from "../../src/fleet/rules/run-report.js";

/** Generates the given values often, and otherwise fractional numbers of many sizes. */
function duration(...often: readonly number[]): fc.Arbitrary<number> {
  const odd = fc.double({ min: 0.001, max: 100_000, noNaN: true });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: odd },
  );
}

/** Generates policies within the limits of the options. */
export const policies: fc.Arbitrary<SharedPolicy> = fc.record({
  badSeconds: fc.integer({ min: 1, max: 3 }),
  windowMs: duration(1000, 2000.5, 5000, 60_000),
  minimumReporters: fc.constantFrom(1, 1, 1, 2, 2, 3, 8),
  resetTimeoutMs: duration(0.5, 100, 1000, 5000),
  maxOpenMs: duration(0.5, 3000, 20_000, 3_600_000),
  openTimeGrowthFactor: fc.oneof(
    fc.constantFrom(1, 1.1, 1.5, 2),
    fc.double({ min: 1, max: 10, noNaN: true }),
  ),
  openTimeJitter: fc.oneof(fc.constantFrom(0, 0.1, 1), share()),
  halfOpenMaxCalls: fc.integer({ min: 1, max: 4 }),
  halfOpenSuccessThreshold: fc.constantFrom(1, 1, 2, 4),
  halfOpenProbeTimeoutMs: duration(0.5, 500, 2000),
});

/** Generates a number between 0 and 1 with many digits. */
export function share(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, noNaN: true });
}

/** Generates the time between two commands, in microseconds of a store's clock. */
export const ticks: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 999, 1000, 100_000, 300_000) },
  { weight: 6, arbitrary: fc.constantFrom(499_000, 500_000, 999_000, 1_000_000, 1_001_000) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(60_000_000, 3_600_000_000) },
);

/** Generates the steps by which an administrator sets a clock, in microseconds. */
export const clockSteps: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(-1, -999_999, -1_000_000, -1_000_001, -1_001_000, -7_200_000_000, 7_200_000_000),
  fc.integer({ min: -3_000_000, max: 3_000_000 }),
);

/** Generates texts such as reasons, with characters that are hard to parse. */
const text = fc.oneof(
  fc.constantFrom("why", 'a "b" \\ %s', "größer \u{1f6d1}", "\u0000\n\u2028", "null"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
);
const reporter = fc.record({
  id: fc.constantFrom("a", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
  host: text,
  run: fc.option(text),
});
const failure = fc.record({
  fault: fc.option(fc.constantFrom("registry", "git")),
  rule: fc.constantFrom("http-503", "ECONNRESET"),
  limited: fc.boolean(),
});

/**
 * Generates more kinds of faults than a circuit counts separately. Some names contain characters that the
 * script uses as separators.
 */
const fault = fc.option(fc.oneof(fc.constantFrom("registry", "a b", "ü=\ud800"), fc.string()));
const faults = fc.array(
  fc.record({ fault, limited: fc.boolean(), count: fc.integer({ min: 0, max: 3 }) }),
  { maxLength: 33 },
);

/** A function that completes a command with facts from earlier replies, such as generations and leases. */
export type Plan = (known: Known) => FleetCommand;

/** The facts that a plan may use. */
export interface Known {
  readonly policy: SharedPolicy;
  /** The generations in earlier replies. The present generation is the last. */
  readonly generations: readonly number[];
  /** Leases that were granted and not yet returned. */
  readonly leases: readonly string[];
  /** Number of commands sent before this one. */
  readonly index: number;
}

const admits = fc
  .record({
    count: fc.constantFrom(1, 1, 1, 2, 5),
    chance: share(),
    reporter: fc.option(reporter, { nil: undefined }),
  })
  .map(
    (parts): Plan =>
      ({ policy, index }) => ({ kind: "admit", policy, lease: `lease-${index}_`, ...parts }),
  );

/** Generates the outcomes in a report: only failures, only successes, or both. */
const outcomes = fc.oneof(
  fc.record({
    successes: fc.constantFrom(0, 0, 1, 2),
    failures: fc.constantFrom(0, 1, 1, 3),
    openNow: fc.constantFrom(false, false, true),
  }),
  fc.record({
    successes: fc.constant(0),
    failures: fc.constantFrom(1, 2),
    openNow: fc.constantFrom(...Array(15).fill(false), true),
  }),
  fc.record({ successes: fc.constantFrom(1, 3), failures: fc.constant(0), openNow: fc.boolean() }),
);

const settles = fc
  .record({
    outcomes,
    whose: fc.constantFrom("current", "current", "current", "unasked", "older", "foreign"),
    returned: fc.integer({ min: 0, max: 3 }),
    reporter,
    failure: fc.option(failure),
    faults: fc.option(faults, { freq: 3, nil: undefined }),
    retryAfterMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, duration(0.5, 1500, 30_000)),
    chance: share(),
  })
  .map(
    ({ whose, returned, outcomes: told, ...parts }): Plan =>
      ({ policy, generations, leases }) => ({
        kind: "settle",
        policy,
        generation: generationOf(whose, generations),
        leases: leases.slice(0, returned),
        ...told,
        ...parts,
      }),
  );

function generationOf(whose: string, generations: readonly number[]): number | null {
  if (whose === "unasked") return null;
  if (whose === "foreign") return 1;
  return generations.at(whose === "older" ? -2 : -1) ?? null;
}

const controls = fc.oneof(
  fc.record({ reason: text, owner: text, expiresInMs: duration(0.5, 1000, 60_000) }).map(
    (parts): Plan =>
      () => ({ kind: "isolate", ...parts }),
  ),
  fc
    .record({
      kind: fc.constantFrom("release" as const, "reset" as const),
      reason: fc.option(text),
      owner: text,
    })
    .map(
      (command): Plan =>
        () =>
          command,
    ),
);

const runs = fc.record({
  result: fc.constantFrom(...RUN_RESULTS),
  fault,
  durationMs: duration(0, 900.5, 60_000, 5_000_000),
  waitedMs: duration(0, 1500.5),
  avoidedMs: duration(0, 60_000),
});
const tells = fc
  .record({
    rejections: fc.constantFrom(0, 0, 1, 40),
    runs: fc.array(runs, { maxLength: 3 }),
    failedRunsMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(duration(0, 1.5, 60_000), { maxLength: 60 }) },
    ),
  })
  .map(
    (parts): Plan =>
      () => ({ kind: "tell", ...parts }),
  );

/** Generates commands of all kinds. */
export const plans: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 10, arbitrary: admits },
  { weight: 16, arbitrary: settles },
  { weight: 1, arbitrary: fc.constant<Plan>(() => ({ kind: "read" })) },
  { weight: 2, arbitrary: fc.constant<Plan>(() => ({ kind: "read", report: true })) },
  { weight: 2, arbitrary: tells },
  { weight: 1, arbitrary: controls },
);

/** Collects the facts for plans from replies. */
export class Knowledge {
  #generations: number[] = [];
  #leases: string[] = [];
  #index = 0;

  plan(plan: Plan, policy: SharedPolicy): FleetCommand {
    const [generations, leases, index] = [this.#generations, this.#leases, this.#index];
    this.#index += 1;
    return plan({ policy, generations, leases, index });
  }

  learn(command: FleetCommand, { admitted, snapshot }: FleetReply): void {
    const { generation, state } = snapshot;
    if (generation > 0 && generation !== this.#generations.at(-1)) {
      this.#generations.push(generation);
    }
    if (command.kind === "admit" && state === "half-open") {
      for (let place = 0; place < admitted; place += 1) {
        this.#leases.push(`${command.lease}.${place}`);
      }
    } else if (command.kind === "settle") {
      this.#leases = this.#leases.filter((id) => !command.leases.includes(id));
    }
  }
}
