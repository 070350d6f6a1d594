/** What one run knows of the last run of the same command, and leaves for the next one. */

import { breakerName } from "../../attribution/hosts.js";
import type { RunPlan } from "../run-plan.js";
import type { Contacts } from "./contacts.js";
import { defaultLearntPath, readLearnt, writeLearnt } from "./learnt-contacts.js";
import { learntKey } from "./learnt-document.js";

/** The memory of one command. */
export class LearntRun {
  /** The breakers of what the last run contacted; none when that is not known or not wanted. */
  readonly contacts: readonly string[];
  readonly #path: string | undefined;
  /** Made when it is needed: a hash takes longer to load than a command to start. */
  readonly #key: () => string;

  constructor({ command, args, env, learnt, learntPath }: RunPlan) {
    const folder = workingFolder();
    const isKept = learnt !== "off" && folder !== undefined;
    this.#path = isKept ? (learntPath ?? defaultLearntPath(env)) : undefined;
    this.#key = () => learntKey(command, args, folder ?? "");
    this.contacts = this.#path === undefined ? [] : readLearnt(this.#path, this.#key, Date.now());
  }

  /**
   * Remembers what this run has contacted. One that asked nobody leaves what is known: a function that
   * succeeded is cached, and asks again when its arguments change. One that failed may have ended
   * before it asked all that the one before did.
   *
   * @returns Why that failed, as a code of the system; undefined when it did not.
   */
  remember({ upstreams }: Contacts, hasSucceeded: boolean): string | undefined {
    const asked = upstreams.map(({ kind, host, serves }) => serves ?? breakerName(kind, host));
    if (this.#path === undefined || asked.length === 0) return undefined;
    const contacts = [...new Set(hasSucceeded ? asked : [...asked, ...this.contacts])];
    return writeLearnt(this.#path, { key: this.#key(), contacts, atMs: Date.now() });
  }
}

/** A folder that was deleted under us has no name: what is learned in it would help nobody. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
