/** The memory of the last run of the same command. */

import { breakerName } from "../../attribution/hosts.js";
import type { RunPlan } from "../run-plan.js";
import type { Contacts } from "./contacts.js";
import { defaultLearntPath, readLearnt, writeLearnt } from "./learnt-contacts.js";
import { learntKey } from "./learnt-document.js";

/** The memory of one command. */
export class LearntRun {
  /** The breakers that the last run contacted; none if unknown or not wanted. */
  readonly contacts: readonly string[];
  readonly #path: string | undefined;
  /** Computed on demand, because loading a hash takes longer than starting a command. */
  readonly #key: () => string;

  constructor({ command, args, env, learnt, learntPath }: RunPlan) {
    const folder = workingFolder();
    const isKept = learnt !== "off" && folder !== undefined;
    this.#path = isKept ? (learntPath ?? defaultLearntPath(env)) : undefined;
    this.#key = () => learntKey(command, args, folder ?? "");
    this.contacts = this.#path === undefined ? [] : readLearnt(this.#path, this.#key, Date.now());
  }

  /**
   * Stores the contacts of this run. A run without contacts keeps the old ones, because a
   * successful function is cached and asks again when its arguments change. A failed run adds to
   * them, because it may have ended early.
   *
   * @returns The system's error code; undefined on success.
   */
  remember({ upstreams }: Contacts, hasSucceeded: boolean): string | undefined {
    const asked = upstreams.map(({ kind, host, serves }) => serves ?? breakerName(kind, host));
    if (this.#path === undefined || asked.length === 0) return undefined;
    const contacts = [...new Set(hasSucceeded ? asked : [...asked, ...this.contacts])];
    return writeLearnt(this.#path, { key: this.#key(), contacts, atMs: Date.now() });
  }
}

/** Returns the working folder. A deleted one has no name, so its contacts would never be found again. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
