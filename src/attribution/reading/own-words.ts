/** Finds what a guard of this package answered, in whatever words an SDK or a program puts around it. */

/** The message of a rejection, with the names that circuits of a guard have. */
const REJECTED =
  /circuit (?:open|half-open|isolated): (engine(?::[^\s,;]{1,255})?|(?:registry|git|http):[^\s,;'"\])}]{1,255})(?:, (?:all probes are taken, )?retry in ([0-9]{1,9})s)?/;

// Programs of all kinds print that something "timed out after" a time. Ours stands where a message begins:
// alone, behind the name of an error, in a quoted field, or behind the path that Go puts before it.
const TIMED_OUT =
  /(?:^|: ?|\[|\(|["'] ?|\binput: [\w.]{1,200} )timed out after [1-9][0-9]{0,9} ms(?=$|[\s"'\]),.;}])/m;

/** A request that a circuit rejected, as far as words tell. */
export interface RejectedWords {
  /** The name of the circuit. */
  readonly circuit: string;
  /** How long it refuses at least; null for one that is isolated. */
  readonly retryAfterMs: number | null;
}

/** The rejection that a text tells of, wherever it stands; undefined when it tells of none. */
export function rejectionInWords(text: string): RejectedWords | undefined {
  const [found, circuit = "", seconds] = REJECTED.exec(text) ?? [];
  if (found === undefined) return undefined;
  return { circuit, retryAfterMs: seconds === undefined ? null : Number(seconds) * 1000 };
}

/** Whether a text tells that a guard ended a request for its time. */
export function tellsOfTimeout(text: string): boolean {
  return TIMED_OUT.test(text);
}
