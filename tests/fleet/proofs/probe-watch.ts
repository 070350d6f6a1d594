/** Checks the probes that a test observed in many processes. */

/** A probe. All times are on a clock that all processes of the machine share. */
export interface Probe {
  readonly generation: number;
  readonly state: string;
  /** The lease was granted between these two times. */
  readonly askedMs: number;
  readonly answeredMs: number;
  /** The lease was returned between these two times. Undefined when the process was killed before that. */
  settlingMs?: number;
  settledMs?: number;
  wasKilled?: boolean;
}

export interface Refusal {
  readonly by: string;
  readonly reason: string;
  readonly generation: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/**
 * Returns the largest number of leases of one generation that were certainly held at the same time.
 *
 * @param leaseMs How long a lease lasts.
 */
export function mostAtOnce(probes: readonly Probe[], leaseMs: number): number {
  let most = 0;
  for (const own of byGeneration(probes).values()) {
    const steps = own.flatMap(({ askedMs, answeredMs, settlingMs = Infinity }) => {
      // The store counts in whole milliseconds, so a lease can end up to 1 ms earlier.
      const endMs = Math.min(settlingMs, askedMs + leaseMs - 1);
      const taken = { atMs: answeredMs, by: 1 };
      return endMs > answeredMs ? [taken, { atMs: endMs, by: -1 }] : [];
    });
    steps.sort((one, other) => one.atMs - other.atMs || one.by - other.by);
    let live = 0;
    for (const { by } of steps) {
      live += by;
      most = Math.max(most, live);
    }
  }
  return most;
}

/** Returns the calls that were rejected for lack of a lease although a lease was certainly free. */
export function wronglyRefused(
  refusals: readonly Refusal[],
  probes: readonly Probe[],
  places: number,
  leaseMs: number,
): readonly Refusal[] {
  const generations = byGeneration(probes);
  return refusals.filter((refusal) => {
    if (refusal.reason !== "probing") return false;
    const perhapsTaken = (generations.get(refusal.generation) ?? []).filter((probe) => {
      const { askedMs, answeredMs, settledMs = Infinity } = probe;
      const endMs = Math.min(settledMs, answeredMs + leaseMs + 1);
      return askedMs <= refusal.answeredMs && endMs >= refusal.askedMs;
    });
    return perhapsTaken.length < places;
  });
}

function byGeneration(probes: readonly Probe[]): ReadonlyMap<number, readonly Probe[]> {
  const groups = new Map<number, Probe[]>();
  for (const probe of probes) {
    const { generation } = probe;
    groups.set(generation, [...(groups.get(generation) ?? []), probe]);
  }
  return groups;
}
