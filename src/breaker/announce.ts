/**
 * Calls functions that the user supplied. A function that fails does not affect the calls of the
 * breaker. One process warning reports the failure.
 */

import { warnOnce } from "../options/warn-once.js";

/**
 * Warns that a function supplied by the user failed, once for each owner and function. The warning
 * contains the name of the error. It does not contain the message, which may hold a secret.
 */
export function announceOnce(owner: object, ownerName: string, who: string, error: unknown): void {
  warnOnce(
    undefined,
    `${who} of ${ownerName} failed; the error was ignored: ${kindOf(error)}`,
    who,
    owner,
  );
}

/**
 * Calls a function that the user supplied. If the function throws, rejects or returns an invalid
 * value, warns once and returns undefined.
 *
 * @param owner The object that warns at most once about this function, such as a breaker.
 * @param ownerName The name of the owner in the warning.
 * @param who The name of the function in the warning.
 * @param question Calls the function.
 * @param read Returns the valid answer, or throws.
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

/**
 * Warns about the rejection of a promise that no caller awaits. Without a handler, the rejection
 * could end the process.
 */
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
