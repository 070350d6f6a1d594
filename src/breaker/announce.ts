/** Asks functions of the user so that one that fails harms no call, and announces each of them once. */

/** What was announced of whom, so that a listener that always throws is one warning. */
const announced = new WeakMap<object, Set<string>>();

/**
 * Tells the user, once for each owner, that a function of theirs failed and was passed over. The
 * warning names the kind of the error but not its message, which may hold a secret.
 */
export function announceOnce(owner: object, ownerName: string, who: string, error: unknown): void {
  const known = announced.get(owner) ?? new Set();
  if (known.has(who)) return;
  announced.set(owner, known.add(who));
  process.emitWarning(`${who} of ${ownerName} failed and was passed over: ${kindOf(error)}`, {
    type: "CircuitBreakerWarning",
  });
}

/**
 * Asks a function of the user. One that throws, rejects or whose answer is none is announced once,
 * and its answer is undefined.
 *
 * @param owner On whom the announcement hangs: one for each owner and function.
 * @param ownerName How the warning names the owner.
 * @param who How the warning names the function.
 * @param question Calls the function.
 * @param read Checks the answer, or throws.
 */
export function askUser<R>(
  owner: object,
  ownerName: string,
  who: string,
  question: () => unknown,
  read: (answer: unknown) => R,
): R | undefined {
  try {
    const answer = question();
    if (isThenable(answer)) announceRejection(owner, ownerName, who, answer);
    return read(answer);
  } catch (error) {
    announceOnce(owner, ownerName, who, error);
    return undefined;
  }
}

/** Whether an answer is a promise or something like it. */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as { then?: unknown } | undefined | null)?.then === "function";
}

/** Announces what a promise rejects with: nobody waits for it, and it must not end the process. */
export function announceRejection(
  owner: object,
  ownerName: string,
  who: string,
  answer: PromiseLike<unknown>,
): void {
  Promise.resolve(answer).catch((error) => announceOnce(owner, ownerName, who, error));
}

/** The name of an error, or the type of a value; never throws, whatever was thrown. */
export function kindOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null && "name" in error
      ? String(error.name)
      : typeof error;
  } catch {
    return typeof error;
  }
}
