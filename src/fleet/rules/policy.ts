/**
 * The policy of a shared circuit. Processes send it with each command, so a store has no settings
 * for circuits.
 */

/** The policy of one shared circuit. All times are in milliseconds. */
export interface SharedPolicy {
  /** Consecutive bad seconds that open the circuit; 1 or more. */
  readonly badSeconds: number;
  /** The maximum age of a bad second. */
  readonly windowMs: number;
  /**
   * How many different reporters must have failures in the row of bad seconds before the circuit
   * opens, 1 to 8. So one runner with a broken network does not open the circuit for all others. A
   * rate limit needs only one.
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

/** The order of a policy's numbers in its text form. */
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

/** Returns a policy as one text, without rounding its numbers. */
export function policyText(policy: SharedPolicy): string {
  return POLICY_NUMBERS.map((name) => String(policy[name])).join(" ");
}

/** Reads the text of a policy. Returns null for any other text. */
export function readPolicyText(text: string): SharedPolicy | null {
  const parts = text.split(" ");
  const entries = POLICY_NUMBERS.map((name, index) => [name, Number(parts[index])] as const);
  const isWhole = parts.length === entries.length;
  if (!isWhole || !entries.every(([, number]) => Number.isFinite(number))) return null;
  return Object.fromEntries(entries) as Record<keyof SharedPolicy, number>;
}

/** The limit on consecutive bad seconds. */
export const MAX_BAD_SECONDS = 60;

/** The limit on concurrent probes, because a circuit stores each probe's lease. */
export const MAX_PROBES = 1000;

/** The number of reporters that a circuit stores, and so the highest `minimumReporters`. */
export const MAX_REPORTERS = 8;
