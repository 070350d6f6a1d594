/**
 * Calls functions from a policy's options, such as `shouldRetry`. If one fails, calls are
 * unaffected.
 */

import { askUser } from "../breaker/announce.js";
import { show } from "../options/check.js";

/**
 * The owner of all warnings, so that each option warns once in the process, not once for each call.
 */
const announcer = {};

/**
 * Calls a function that the user supplied. Returns undefined when it throws, rejects or gives an
 * invalid answer, and warns once.
 *
 * @param policy The policy that has the option.
 * @param option The name of the option.
 * @param question Calls the function.
 * @param read Checks the answer, or throws.
 */
export function ask<R>(
  policy: string,
  option: string,
  question: () => unknown,
  read: (answer: unknown) => R,
): R | undefined {
  return askUser(announcer, policy, option, question, read);
}

/** Reads a boolean. Throws for a promise, because the caller cannot wait for it. */
export function readYesOrNo(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError(`the answer is ${show(answer)}, expected true or false`);
}
