/** Keeps what the spans of a whole command prove: of each breaker the last of each outcome. */

import { breakerName } from "../../attribution/hosts.js";
import { type Evidence, evidenceFromSpans } from "../../attribution/spans/evidence.js";
import type { EngineSpan } from "../../attribution/spans/span.js";

/** How many breakers are known at most; a forger could name any number. */
const MAX_NAMES = 256;

/** Evidence of a command, in bounded memory however long it runs. */
export class CommandEvidence {
  readonly #byName = new Map<string, Map<Evidence["outcome"], Evidence>>();
  #timedOutAfterMs: number | undefined;

  /**
   * Adds the spans of requests that are over.
   *
   * @param isWhole Whether all that may stand above them is known. Where it is not, a command that still runs
   * may have sent them.
   */
  add(spans: readonly EngineSpan[], isWhole = true): void {
    for (const seen of evidenceFromSpans(spans, { timedOutAfterMs: this.#timedOutAfterMs })) {
      const evidence = isWhole ? seen : { ...seen, forgeable: true };
      const name = `${breakerName(evidence.kind, evidence.host)} ${evidence.servesHost}`;
      const known = this.#byName.get(name);
      if (known !== undefined) known.set(evidence.outcome, evidence);
      else if (this.#byName.size < MAX_NAMES) {
        this.#byName.set(name, new Map([[evidence.outcome, evidence]]));
      }
    }
  }

  /**
   * A limit of ours is about to end the command: only what comes from now on tells why it hung. An
   * exchange that is cut off after at least half that time is then a failure of its host.
   */
  dropped(timeoutMs: number): void {
    this.#byName.clear();
    this.#timedOutAfterMs = timeoutMs;
  }

  /** What is known of the attempt that has ended; the next one begins with nothing. */
  take(): readonly Evidence[] {
    const known = [...this.#byName.values()].flatMap((outcomes) => [...outcomes.values()]);
    this.#byName.clear();
    this.#timedOutAfterMs = undefined;
    return known;
  }
}
