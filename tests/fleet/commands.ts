/** Creates commands as a client sends them. */

import type { AdmitCommand, SettleCommand } from "../../src/fleet/rules/command.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { FleetKey } from "../../src/fleet/store.js";

export const KEY: FleetKey = { scope: "default", name: "registry:docker.io" };

export const POLICY: SharedPolicy = {
  badSeconds: 5,
  windowMs: 60_000,
  minimumReporters: 1,
  resetTimeoutMs: 60_000,
  maxOpenMs: 3_600_000,
  openTimeGrowthFactor: 1,
  openTimeJitter: 0,
  halfOpenMaxCalls: 1,
  halfOpenSuccessThreshold: 1,
  halfOpenProbeTimeoutMs: 60_000,
};

/** Creates a command that asks to admit one call. */
export function admit(parts: Partial<AdmitCommand> = {}): AdmitCommand {
  return { kind: "admit", policy: POLICY, count: 1, lease: "lease", chance: 0, ...parts };
}

/** Creates a command that reports one success of a call without a permit. */
export function settle(parts: Partial<SettleCommand> = {}): SettleCommand {
  return {
    kind: "settle",
    policy: POLICY,
    generation: null,
    successes: 1,
    failures: 0,
    leases: [],
    reporter: { id: "reporter", host: "host", run: null },
    failure: null,
    openNow: false,
    retryAfterMs: 0,
    chance: 0,
    ...parts,
  };
}

/** Creates a command that reports a rate limit, which opens the circuit at once. */
export function limit(): SettleCommand {
  const failure = { fault: "registry", rule: "rate-limit", limited: true };
  return settle({ successes: 0, failures: 1, failure, openNow: true });
}
