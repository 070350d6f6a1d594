/** What is known of the engine behind one session: whether it takes tags from lock files. */

import type { SessionResponse } from "../../attribution/failure.js";
import { readsLocks } from "./engine-version.js";

/** Learns it from the version that the engine tells, and asks for that once. */
export class SessionEngine {
  /** Undefined until it is known, and for an engine that does not tell its version. */
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
   * @param question Asks; what it fails with only means that the version stays unknown.
   * @returns Resolves when the question is answered; undefined when there is nothing to wait for.
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
      // Then the version stays unknown.
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
