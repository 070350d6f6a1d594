/** The facts about the engine of one session: whether it takes tags from lock files. */

import type { SessionResponse } from "../../attribution/failure.js";
import { readsLocks } from "./engine-version.js";

/** Learns this from the engine's version, and asks for it once. */
export class SessionEngine {
  /** Undefined until it is known, and for an engine that does not return its version. */
  readsLocks: boolean | undefined;
  #asked = false;
  #question: Promise<void> | undefined;

  /** Reads the version in an answer, if there is one. */
  note(answer: SessionResponse): void {
    const version = versionIn(answer);
    if (version !== undefined) this.readsLocks = readsLocks(version);
  }

  /**
   * Asks for the version, unless it is known or was asked for.
   *
   * @param question Asks; on a failure the version stays unknown.
   * @returns Resolves when the question is answered; undefined if there is nothing to wait for.
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
      // The version stays unknown then.
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
