/** Calls functions from the options of a policy, as the breaker does with its own. */

import { askUser } from "../breaker/announce.js";
import { show } from "../options/check.js";

/**
 * The owner of the warnings. One for the process, so that each function causes one warning, not one
 * for each call.
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
