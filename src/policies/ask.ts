/** Asks functions among the options of a policy, as the breaker asks those among its own. */

import { askUser } from "../breaker/announce.js";
import { show } from "../options/check.js";

/** What the announcements hang on: each function is announced once in a process, not at each call. */
const announcer = {};

/**
 * Asks a function of the user. One that throws, rejects or whose answer is none is announced once as
 * a warning of the process, and its answer is undefined.
 *
 * @param policy Whose option the function is.
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

/** Reads a yes or no. A promise is neither: whoever asks cannot wait for it. */
export function readYesOrNo(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError(`the answer is ${show(answer)}, expected true or false`);
}
