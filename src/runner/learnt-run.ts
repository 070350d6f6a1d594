/** What one run knows of the last run of the same command, and leaves for the next one. */

import { defaultLearntPath, readLearnt, writeLearnt } from "./learnt-contacts.js";
import { learntKey } from "./learnt-document.js";
import type { RunPlan } from "./run-plan.js";

/** The memory of one command. */
export class LearntRun {
  /** The breakers of what the last run contacted; none when that is not known or not wanted. */
  readonly contacts: readonly string[];
  readonly #path: string | undefined;
  readonly #key: string;

  constructor({ command, args, env, learnt, learntPath }: RunPlan) {
    this.#path = learnt === "off" ? undefined : (learntPath ?? defaultLearntPath(env));
    this.#key = learntKey(command, args, process.cwd());
    this.contacts = this.#path === undefined ? [] : readLearnt(this.#path, this.#key, Date.now());
  }

  /**
   * Remembers what this run has contacted. One that asked nobody leaves what is known: a function that
   * succeeded is cached, and asks again when its arguments change.
   *
   * @returns Why that failed, as a code of the system; undefined when it did not.
   */
  remember(contacts: readonly string[]): string | undefined {
    if (this.#path === undefined || contacts.length === 0) return undefined;
    return writeLearnt(this.#path, { key: this.#key, contacts, atMs: Date.now() });
  }
}
