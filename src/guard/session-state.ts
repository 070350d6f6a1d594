/** The state of one session, which all its guards share. */

import type { Failure } from "../attribution/failure.js";
import type { SideEffect } from "../attribution/query/named-upstream.js";
import { SessionLostError } from "./errors.js";
import { recordOf } from "./judgement/failure-record.js";
import { LockFile } from "./locks/lock-file.js";
import { SessionEngine } from "./locks/session-engine.js";
import type { BoundedCall } from "./request/calls.js";
import { SessionMemory } from "./request/session-memory.js";

/** The state of one session. A lost session stays lost. */
export class SessionState {
  readonly memory = new SessionMemory();
  /** The lock file that the session's engine reads. */
  readonly lockFile: LockFile;
  /** The facts about the session's engine, such as whether it reads lock files. */
  readonly engine = new SessionEngine();
  /** The effects of this session's requests besides reading, such as `"publish"`. */
  readonly sideEffects = new Set<SideEffect>();
  /** The questions and settlements that are not finished yet. */
  readonly #questions = new Set<Promise<void>>();
  /** The requests that wait for admission. */
  readonly waiting = new Set<BoundedCall>();
  /** The error for further requests once the session is lost. Only `lose` sets it. */
  lost: SessionLostError | undefined;
  readonly #onLost: () => void;
  #inquiry: Promise<boolean> | undefined;
  #ended = false;

  /**
   * @param onLost Called once, when the session is found to be lost.
   * @param workdir The working folder of the session's CLI. Default: that of this process.
   * @param endsUnseen Whether the session may end without notice, for example after a caller's timeout. If
   * so, a failed question proves nothing about the engine.
   */
  constructor(
    onLost: () => void = () => undefined,
    workdir?: string,
    readonly endsUnseen = false,
  ) {
    this.#onLost = onLost;
    this.lockFile = new LockFile(workdir ?? ".");
  }

  /**
   * Records that the session is lost, and ends the requests that wait for admission.
   *
   * @returns Whether this loss must be counted. Only the first report counts, so that several requests in
   * flight are one failure of the engine. After the owner has ended the session, no report counts.
   */
  lose(failure: Failure, error?: unknown): boolean {
    if (this.#ended || this.lost !== undefined) return false;
    this.lost = new SessionLostError(recordOf(failure, error));
    for (const call of this.waiting) call.abort(this.lost);
    this.#onLost();
    return true;
  }

  /**
   * Asks whether the session is alive. Parallel callers share the answer. If the session was lost or ended
   * before, returns false without a question.
   */
  async inquire(question: () => Promise<boolean>): Promise<boolean> {
    if (this.#ended || this.lost !== undefined) return false;
    this.#inquiry ??= question().finally(() => {
      this.#inquiry = undefined;
    });
    return this.#inquiry;
  }

  /**
   * Records that the owner of the session has ended it. Requests that still run then fail, and their
   * failures do not count.
   */
  end(): void {
    this.#ended = true;
  }

  /**
   * Runs a question of the guard, such as for the engine's version, or a settlement. `answered` waits for
   * it. A failure is ignored.
   */
  ask(question: () => Promise<void>): void {
    const asked = question()
      .catch(() => {})
      .finally(() => this.#questions.delete(asked));
    this.#questions.add(asked);
  }

  /** Resolves when no question is pending. Each question has its own timeout. */
  async answered(): Promise<void> {
    while (this.#questions.size > 0) await Promise.all(this.#questions);
  }
}
