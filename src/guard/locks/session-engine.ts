/** Finds out whether the engine of one session takes tags from lock files. */

import type { SessionResponse } from "../../attribution/failure.js";
import { readsLocks } from "./engine-version.js";

/**
 * The engine of one session. The version of the engine shows whether it reads lock files. The guard asks
 * for the version at most once.
 */
export class SessionEngine {
  /**
   * Whether the engine reads lock files. Undefined until the version is known, and if the engine does not
   * return it.
   */
  readsLocks: boolean | undefined;
  #asked = false;
  #question: Promise<void> | undefined;

  /** Takes the version from an answer that contains a version. */
  note(answer: SessionResponse): void {
    const version = versionIn(answer);
    if (version !== undefined) this.readsLocks = readsLocks(version);
  }

  /**
   * Asks for the version, unless the version is known or was already asked for.
   *
   * @param question Sends the question. If the question fails, the version stays unknown.
   * @returns A promise that resolves when the question is answered. Undefined if there is nothing to wait
   * for.
   */
  learn(question: () => Promise<SessionResponse>): Promise<void> | undefined {
    if (this.readsLocks !== undefined || this.#asked) return this.#question;
    this.#asked = true;
    this.#question = this.#ask(question);
    return this.#question;
  }

  async #ask(question: () => Promise<SessionResponse>): Promise<void> {
    try {
      this.note(await question());
    } catch {
      // The question failed, so the version stays unknown.
    }
    this.#question = undefined;
  }
}

function versionIn({ status, body }: SessionResponse): string | undefined {
  if (status !== 200) return undefined;
  try {
    const answer = typeof body === "string" ? JSON.parse(body) : body;
    const version: unknown = answer?.data?.version;
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
