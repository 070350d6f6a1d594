/** Decides from the whole list of outcomes whether the circuit must open. */

/** The options of all trip policies. The options that are set select the policy. */
export interface TripRule {
  readonly consecutive?: number;
  readonly badSeconds?: number;
  readonly failures?: number;
  readonly failureRate?: number;
  readonly windowMs?: number;
  readonly windowCalls?: number;
  readonly minimumCalls?: number;
  readonly slowCallMs?: number;
  readonly slowCallRate?: number;
}

/** An outcome of the current closed period. */
export interface WindowEntry {
  readonly atMs: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

const BUCKETS = 10;
const SECOND_MS = 1000;

/** Returns whether the outcomes so far must open the circuit at `nowMs`. */
export function tripsNow(rule: TripRule, outcomes: WindowEntry[], nowMs: number): boolean {
  if (rule.consecutive !== undefined) return streak(outcomes) >= rule.consecutive;
  if (rule.badSeconds !== undefined) return badRow(rule, outcomes, nowMs) >= rule.badSeconds;
  if (rule.failures !== undefined) return failuresInside(rule, outcomes, nowMs) >= rule.failures;
  const { calls, failures, slowCalls } = totals(rule, outcomes, nowMs);
  if (calls < (rule.minimumCalls as number)) return false;
  const slowRate = rule.slowCallMs === undefined ? Number.NaN : (rule.slowCallRate ?? 1);
  return failures / calls >= (rule.failureRate as number) || slowCalls / calls >= slowRate;
}

/** Returns the expected metrics of the policy. */
export function snapshotOf(rule: TripRule, outcomes: WindowEntry[], nowMs: number): object {
  if (rule.consecutive !== undefined) {
    return { policy: "consecutive", consecutiveFailures: streak(outcomes) };
  }
  if (rule.badSeconds !== undefined) {
    return { policy: "badSeconds", badSeconds: badRow(rule, outcomes, nowMs) };
  }
  if (rule.failures !== undefined) {
    return { policy: "failures", failures: failuresInside(rule, outcomes, nowMs) };
  }
  return { policy: "failureRate", ...totals(rule, outcomes, nowMs) };
}

function streak(outcomes: WindowEntry[]): number {
  return outcomes.length - 1 - outcomes.findLastIndex((outcome) => !outcome.failed);
}

function failuresInside(rule: TripRule, outcomes: WindowEntry[], nowMs: number): number {
  const windowMs = rule.windowMs as number;
  // The breaker keeps only the last `failures` failures, and needs no more.
  const last = outcomes.filter(({ failed }) => failed).slice(-(rule.failures as number));
  return last.filter(({ atMs }) => nowMs - atMs <= windowMs).length;
}

function totals(rule: TripRule, outcomes: WindowEntry[], nowMs: number) {
  let inside = outcomes;
  if (rule.windowCalls !== undefined) {
    inside = outcomes.slice(-rule.windowCalls);
  } else {
    const bucketMs = (rule.windowMs as number) / BUCKETS;
    const oldest = Math.floor(nowMs / bucketMs) - (BUCKETS - 1);
    inside = outcomes.filter(({ atMs }) => Math.floor(atMs / bucketMs) >= oldest);
  }
  return {
    calls: inside.length,
    failures: inside.filter(({ failed }) => failed).length,
    slowCalls: inside.filter(({ slow }) => slow).length,
  };
}

/** Returns the number of consecutive bad seconds at the end of the window. */
function badRow(rule: TripRule, outcomes: WindowEntry[], nowMs: number): number {
  const seconds: { startedMs: number; balance: number }[] = [];
  for (const { atMs, failed } of outcomes) {
    let second = seconds.at(-1);
    if (second === undefined || atMs >= second.startedMs + SECOND_MS) {
      second = { startedMs: atMs, balance: 0 };
      seconds.push(second);
    }
    second.balance += failed ? 1 : -1;
  }
  const over = seconds.filter(({ startedMs }) => startedMs + SECOND_MS <= nowMs);
  const row = over.slice(over.findLastIndex(({ balance }) => balance <= 0) + 1);
  return row.filter(({ startedMs }) => nowMs - startedMs <= (rule.windowMs as number)).length;
}
