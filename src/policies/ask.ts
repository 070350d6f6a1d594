/**
 * Calls functions from a policy's options, such as `shouldRetry`. An error in such a function never
 * replaces the result of a call.
 */

import { askUser } from "../breaker/announce.js";
import { show } from "../options/check.js";

/**
 * The owner of all warnings. One owner for the whole process makes each option warn once, and not once per
 * call.
 */
const announcer = {};

/**
 * Calls a function that the user supplied. If the function throws, rejects or returns an invalid answer,
 * warns once and returns undefined.
 *
 * @param policy The policy that has the option.
 * @param option The name of the option.
 * @param question Calls the function and returns its answer.
 * @param read Returns the checked answer, or throws.
 */
export function ask<R>(
  policy: string,
  option: string,
  question: () => unknown,
  read: (answer: unknown) => R,
): R | undefined {
  return askUser(announcer, policy, option, question, read);
}

/**
 * Returns a boolean answer. Throws for any other answer, including a promise, because the caller cannot
 * wait for a promise.
 */
export function readYesOrNo(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError(`the answer is ${show(answer)}, expected true or false`);
}
