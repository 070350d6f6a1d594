/**
 * Declares the policy of a shared circuit. Processes send it with each command, so a store needs no
 * configuration of circuits.
 */

/** The policy of one shared circuit. All times are in milliseconds. */
export interface SharedPolicy {
  /**
   * Number of consecutive bad seconds that open the circuit; 1 or more. A second is bad if it has
   * more failures than successes.
   */
  readonly badSeconds: number;
  /** A bad second counts for this time after its start. */
  readonly windowMs: number;
  /**
   * Number of different reporters whose failures are needed to open the circuit, 1 to 8. With 2 or
   * more, one runner with a broken network does not open the circuit for all others. A rate limit
   * needs only one reporter.
   */
  readonly minimumReporters: number;
  readonly resetTimeoutMs: number;
  readonly maxOpenMs: number;
  readonly openTimeGrowthFactor: number;
  readonly openTimeJitter: number;
  readonly halfOpenMaxCalls: number;
  readonly halfOpenSuccessThreshold: number;
  readonly halfOpenProbeTimeoutMs: number;
}

/** The order of the numbers in the text form of a policy. */
export const POLICY_NUMBERS = [
  "badSeconds",
  "windowMs",
  "minimumReporters",
  "resetTimeoutMs",
  "maxOpenMs",
  "openTimeGrowthFactor",
  "openTimeJitter",
  "halfOpenMaxCalls",
  "halfOpenSuccessThreshold",
  "halfOpenProbeTimeoutMs",
] as const satisfies readonly (keyof SharedPolicy)[];

/** Renders a policy as text, without rounding its numbers. */
export function policyText(policy: SharedPolicy): string {
  return POLICY_NUMBERS.map((name) => String(policy[name])).join(" ");
}

let last: { readonly text: string; readonly policy: SharedPolicy | null } | undefined;

/**
 * Reads a policy from its text form. Returns null for an invalid text. The same text as in the last
 * call gives the same object, because most circuits of a fleet have the same policy.
 */
export function readPolicyText(text: string): SharedPolicy | null {
  if (last?.text !== text) last = { text, policy: policyIn(text) };
  return last.policy;
}

function policyIn(text: string): SharedPolicy | null {
  const parts = text.split(" ");
  const entries = POLICY_NUMBERS.map((name, index) => [name, Number(parts[index])] as const);
  const isWhole = parts.length === entries.length;
  if (!isWhole || !entries.every(([, number]) => Number.isFinite(number))) return null;
  return Object.fromEntries(entries) as Record<keyof SharedPolicy, number>;
}

/** The maximum of `badSeconds`. */
export const MAX_BAD_SECONDS = 60;

/**
 * The maximum number of concurrent probes. The number is limited because a circuit stores the lease
 * of each probe.
 */
export const MAX_PROBES = 1000;

/**
 * The number of reporters that a circuit stores, and therefore the maximum of `minimumReporters`.
 */
export const MAX_REPORTERS = 8;
