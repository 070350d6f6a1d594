/** Remembers which upstreams a command contacted in its last run. */

import { breakerName } from "../../attribution/hosts.js";
import type { RunPlan } from "../run-plan.js";
import type { Contacts } from "./contacts.js";
import { defaultLearnedPath, readLearned, writeLearned } from "./learned-contacts.js";
import { learnedKey } from "./learned-document.js";

/** The contacts of one command's last run. `remember` replaces them. */
export class LearnedRun {
  /** The breakers that the last run contacted; empty if they are unknown or not wanted. */
  readonly contacts: readonly string[];
  readonly #path: string | undefined;
  /**
   * Computes the key only on demand, because loading the hash code takes longer than starting a
   * command.
   */
  readonly #key: () => string;

  constructor({ command, args, env, learnt, learntPath }: RunPlan) {
    const folder = workingFolder();
    const isKept = learnt !== "off" && folder !== undefined;
    this.#path = isKept ? (learntPath ?? defaultLearnedPath(env)) : undefined;
    this.#key = () => learnedKey(command, args, folder ?? "");
    this.contacts = this.#path === undefined ? [] : readLearned(this.#path, this.#key, Date.now());
  }

  /**
   * Stores the contacts of this run. A run without contacts changes nothing: Dagger's cache
   * answered it, and a later run may contact the hosts again. A failed run removes no contacts,
   * because it may have ended before it contacted all hosts.
   *
   * @returns The system's error code; undefined on success.
   */
  remember({ upstreams }: Contacts, hasSucceeded: boolean): string | undefined {
    const asked = upstreams.map(({ kind, host, serves }) => serves ?? breakerName(kind, host));
    if (this.#path === undefined || asked.length === 0) return undefined;
    const contacts = [...new Set(hasSucceeded ? asked : [...asked, ...this.contacts])];
    return writeLearned(this.#path, { key: this.#key(), contacts, atMs: Date.now() });
  }
}

/**
 * Returns the working folder; undefined if it was deleted. A later run could never find the
 * contacts of a deleted folder.
 */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
