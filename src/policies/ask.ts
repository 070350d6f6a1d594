/** Asks functions of the user in such a way that one that fails harms no call. */

import { announceOnce } from "../breaker/events.js";
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
  const announce = (error: unknown) => announceOnce(announcer, policy, option, error);
  try {
    const answer = question();
    if (typeof (answer as { then?: unknown } | undefined | null)?.then === "function") {
      Promise.resolve(answer).catch(announce);
    }
    return read(answer);
  } catch (error) {
    announce(error);
    return undefined;
  }
}

/** Reads a yes or no. A promise is neither: whoever asks cannot wait for it. */
export function readYesOrNo(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError(`the answer is ${show(answer)}, expected true or false`);
}
