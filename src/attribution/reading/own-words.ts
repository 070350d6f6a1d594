/** Recognizes answers of this package's guard in messages of SDKs and programs. */

/** Matches the message of a rejected request, such as `circuit open: registry:docker.io, retry in 30s`. */
const REJECTED =
  /circuit (?:open|half-open|isolated): (engine(?::[^\s,;]{1,255})?|(?:registry|git|http):[^\s,;'"\])}]{1,255})(?:, (?:all probes are taken, )?retry in ([0-9]{1,9})s)?/;

// Matches the message of a guard's timeout, such as `timed out after 300000 ms`. Other programs print similar
// words, so the position matters. The words must begin the message, follow the name of an error, be in a
// quoted field, or follow Go's `input: path `.
const TIMED_OUT =
  /(?:^|: ?|\[|\(|["'] ?|\binput: [\w.]{1,200} )timed out after [1-9][0-9]{0,9} ms(?=$|[\s"'\]),.;}])/m;

/** A rejection by a circuit, read from a message. */
export interface RejectedWords {
  readonly circuit: string;
  /**
   * Milliseconds until the circuit may admit a request. Null if the message contains no time, as for an
   * isolated circuit.
   */
  readonly retryAfterMs: number | null;
}

/**
 * Returns the rejection that a text reports. Returns undefined if the text contains no message of a
 * rejection.
 */
export function rejectionInWords(text: string): RejectedWords | undefined {
  const [found, circuit = "", seconds] = REJECTED.exec(text) ?? [];
  if (found === undefined) return undefined;
  return { circuit, retryAfterMs: seconds === undefined ? null : Number(seconds) * 1000 };
}

/** Returns whether a text contains the message of a guard's timeout. */
export function mentionsGuardTimeout(text: string): boolean {
  return TIMED_OUT.test(text);
}
