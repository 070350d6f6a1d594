/** Turns circuits into the reply of a health page. Pure, so that every server gives the same reply. */

/** A reply of a health page: the HTTP status, and the body to send as JSON. */
export interface HealthReply<Body = object> {
  readonly status: number;
  readonly body: Body;
}

/** The state of a circuit on a health page. An isolated circuit is `isolated`, whatever its own state. */
export type HealthState = "closed" | "open" | "half-open" | "isolated";

/** A circuit on a health page. */
export interface HealthCircuit {
  readonly name: string;
  /** The rate-limit scope; only shared circuits have one. */
  readonly scope?: string;
  readonly state: HealthState;
  /** How long the circuit has been in that state, in whole milliseconds. */
  readonly stateAgeMs: number;
  /** Whole milliseconds until the circuit admits a call; null when that time is unknown. */
  readonly retryAfterMs: number | null;
  /** Whether every call is rejected. False once a probe is due, because only a caller can make the probe. */
  readonly rejects: boolean;
}

/** The body of the page that lists circuits. */
export interface HealthCircuitsBody {
  /** `"failed"` when a circuit named in `fail` rejects every call. The reply then has status 503. */
  readonly status: "ok" | "failed";
  /** The names in `fail` whose circuits reject every call. */
  readonly failed: readonly string[];
  /** The names in `fail` that have no circuit, for example because of a typo. They do not fail the page. */
  readonly unknown: readonly string[];
  /** How many circuits are in each state, including circuits that are not listed. */
  readonly counts: Readonly<Record<HealthState, number>>;
  /**
   * At most 300 circuits: first those named in `fail`, then those that are not closed, then the others by
   * name.
   */
  readonly circuits: readonly HealthCircuit[];
  /** The number of circuits that are not listed. */
  readonly omittedCount: number;
}

/** The body of the reply to an invalid query. The status is 400. */
export interface HealthErrorBody {
  readonly error: string;
}

const MAX_LISTED = 300;
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;

/**
 * Returns the reply about circuits. The status is 200, or 503 when a circuit named in `fail` rejects every
 * call, or 400 when `fail` is invalid.
 *
 * @param fail The query parameter `fail`: a text with comma-separated names, or a list of such texts.
 */
export function circuitsReply(
  circuits: readonly HealthCircuit[],
  fail: unknown,
): HealthReply<HealthCircuitsBody | HealthErrorBody> {
  const names = readFail(fail);
  if (typeof names === "string") return { status: 400, body: { error: names } };
  const rejecting = new Set(circuits.filter(({ rejects }) => rejects).map(({ name }) => name));
  const known = new Set(circuits.map(({ name }) => name));
  const failed = names.filter((name) => rejecting.has(name));
  const listed = [...circuits].sort(byUrgency(new Set(names))).slice(0, MAX_LISTED);
  const body: HealthCircuitsBody = {
    status: failed.length === 0 ? "ok" : "failed",
    failed,
    unknown: names.filter((name) => !known.has(name)),
    counts: countsOf(circuits),
    circuits: listed,
    omittedCount: circuits.length - listed.length,
  };
  return { status: failed.length === 0 ? 200 : 503, body };
}

/** Returns the names, or an error message. The value comes from a query string, so it can have any type. */
function readFail(value: unknown): readonly string[] | string {
  if (value === undefined) return [];
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names: string[] = [];
  for (const text of texts) {
    if (typeof text !== "string") return 'invalid "fail": expected names of circuits as text';
    for (const name of text.split(",")) names.push(name.trim());
  }
  const wrong = names.find((name) => name === "" || name.length > MAX_NAME_LENGTH);
  if (wrong !== undefined) {
    return `invalid "fail": a name has ${wrong.length} characters, expected 1 to ${MAX_NAME_LENGTH}, such as ?fail=registry:docker.io`;
  }
  const all = [...new Set(names)];
  if (all.length <= MAX_NAMES) return all;
  return `invalid "fail": ${all.length} names, expected at most ${MAX_NAMES}`;
}

const ORDER: readonly HealthState[] = ["isolated", "open", "half-open", "closed"];

function byUrgency(named: ReadonlySet<string>) {
  const rank = ({ name, state }: HealthCircuit) => (named.has(name) ? -1 : ORDER.indexOf(state));
  return (one: HealthCircuit, other: HealthCircuit) =>
    rank(one) - rank(other) || (one.name < other.name ? -1 : 1);
}

function countsOf(circuits: readonly HealthCircuit[]): HealthCircuitsBody["counts"] {
  const counts = { closed: 0, open: 0, "half-open": 0, isolated: 0 };
  for (const { state } of circuits) counts[state] += 1;
  return counts;
}
