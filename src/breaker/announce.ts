/**
 * Calls functions that the user supplied. If one fails, calls are unaffected, and one process
 * warning reports it.
 */

import { warnOnce } from "../options/warn-once.js";

/**
 * Warns that a function supplied by the user failed, once for each owner and function. The warning
 * contains the error's name but not its message, because a message may hold a secret.
 */
export function announceOnce(owner: object, ownerName: string, who: string, error: unknown): void {
  warnOnce(
    undefined,
    `${who} of ${ownerName} failed, which was ignored: ${kindOf(error)}`,
    who,
    owner,
  );
}

/**
 * Calls a function that the user supplied. If it throws, rejects or returns an invalid value,
 * returns undefined and warns once.
 *
 * @param owner The breaker, emitter or other object that warns at most once of this function.
 * @param ownerName The name of the owner in the warning.
 * @param who The name of the function in the warning.
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

export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as { then?: unknown } | undefined | null)?.then === "function";
}

/** Announces the rejection of a promise that no caller awaits; it must not end the process. */
export function announceRejection(
  owner: object,
  ownerName: string,
  who: string,
  answer: PromiseLike<unknown>,
): void {
  Promise.resolve(answer).catch((error) => announceOnce(owner, ownerName, who, error));
}

/** Returns the name of an error, or the type of any other value. Never throws. */
export function kindOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null && "name" in error
      ? String(error.name)
      : typeof error;
  } catch {
    return typeof error;
  }
}
