/** Turns circuits into the reply of a health page. Pure, so that every server gives the same reply. */

/** A reply of a health page: the HTTP status, and the body to send as JSON. */
export interface HealthReply<Body = object> {
  readonly status: number;
  readonly body: Body;
}

/** The state of a circuit on a health page. An isolation takes precedence over the state itself. */
export type HealthState = "closed" | "open" | "half-open" | "isolated";

/** A circuit on a health page. */
export interface HealthCircuit {
  readonly name: string;
  /** The rate-limit scope; only shared circuits have one. */
  readonly scope?: string;
  readonly state: HealthState;
  /** Whole milliseconds in that state. */
  readonly stateAgeMs: number;
  /** Whole milliseconds until the circuit admits a call; null if that is unknown. */
  readonly retryAfterMs: number | null;
  /** Whether every call is rejected. False once a probe is due: a caller must come to make it. */
  readonly rejects: boolean;
}

/** The body of the page of circuits. */
export interface HealthCircuitsBody {
  /** `"failed"` if a circuit of `fail` rejects every call; the reply then has the status 503. */
  readonly status: "ok" | "failed";
  /** The names in `fail` whose circuit rejects every call. */
  readonly failed: readonly string[];
  /** The names in `fail` without a circuit, for example because of a typo. They do not fail. */
  readonly unknown: readonly string[];
  /** The number of all circuits by state. */
  readonly counts: Readonly<Record<HealthState, number>>;
  /** At most 300 circuits: those in `fail`, then those that are not closed, then the rest by name. */
  readonly circuits: readonly HealthCircuit[];
  /** The number of circuits that are not listed. */
  readonly omittedCount: number;
}

/** The body of a reply to a wrong question, with the status 400. */
export interface HealthErrorBody {
  readonly error: string;
}

const MAX_LISTED = 300;
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;

/**
 * Returns the reply about circuits: 200, or 503 if a circuit of `fail` rejects every call, or 400 if
 * `fail` is invalid.
 *
 * @param fail The query parameter: a text with names between commas, or a list of such texts.
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

/** Returns the names, or the text of an error. The value comes from a query, so it may be anything. */
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
