/** Finds an answer of this package's guard inside the words of an SDK or a program. */

/** The message of a rejection, with the names of a guard's circuits. */
const REJECTED =
  /circuit (?:open|half-open|isolated): (engine(?::[^\s,;]{1,255})?|(?:registry|git|http):[^\s,;'"\])}]{1,255})(?:, (?:all probes are taken, )?retry in ([0-9]{1,9})s)?/;

// Many programs print "timed out after" and a duration. Ours is at the start of a message: alone,
// after the name of an error, in a quoted field, or after the path that Go puts before it.
const TIMED_OUT =
  /(?:^|: ?|\[|\(|["'] ?|\binput: [\w.]{1,200} )timed out after [1-9][0-9]{0,9} ms(?=$|[\s"'\]),.;}])/m;

/** A request that a circuit rejected, as read from words. */
export interface RejectedWords {
  readonly circuit: string;
  /** The least time for which it rejects; null if it is isolated. */
  readonly retryAfterMs: number | null;
}

/** Finds a rejection anywhere in a text; returns undefined if the text has no rejection. */
export function rejectionInWords(text: string): RejectedWords | undefined {
  const [found, circuit = "", seconds] = REJECTED.exec(text) ?? [];
  if (found === undefined) return undefined;
  return { circuit, retryAfterMs: seconds === undefined ? null : Number(seconds) * 1000 };
}

/** Returns whether a guard ended the request because of its timeout. */
export function mentionsGuardTimeout(text: string): boolean {
  return TIMED_OUT.test(text);
}
