/**
 * Keeps the HTTP exchanges seen in a command's spans: for each host, the last one of each outcome.
 */

import { breakerName } from "../../attribution/hosts.js";
import { type Evidence, evidenceFromSpans } from "../../attribution/spans/evidence.js";
import type { EngineSpan } from "../../attribution/spans/span.js";

/** The limit on breakers, because forged spans could name any number. */
const MAX_NAMES = 256;

/** The HTTP exchanges of a command, in bounded memory. */
export class CommandExchanges {
  readonly #byName = new Map<string, Map<Evidence["outcome"], Evidence>>();
  #timedOutAfterMs: number | undefined;

  /**
   * Adds the spans of finished requests.
   *
   * @param isWhole Whether all ancestors of the spans are known. If not, a container that still
   * runs may have forged them.
   */
  add(spans: readonly EngineSpan[], isWhole = true): void {
    for (const seen of evidenceFromSpans(spans, { timedOutAfterMs: this.#timedOutAfterMs })) {
      const exchange = isWhole ? seen : { ...seen, forgeable: true };
      const name = `${breakerName(exchange.kind, exchange.host)} ${exchange.servesHost}`;
      const known = this.#byName.get(name);
      if (known !== undefined) known.set(exchange.outcome, exchange);
      else if (this.#byName.size < MAX_NAMES) {
        this.#byName.set(name, new Map([[exchange.outcome, exchange]]));
      }
    }
  }

  /**
   * Clears the exchanges, because a limit is about to end the command, and only those still open
   * show why it hung. Of these, an exchange that lasted at least half of `timeoutMs` counts as a
   * failure of its host.
   */
  dropped(timeoutMs: number): void {
    this.#byName.clear();
    this.#timedOutAfterMs = timeoutMs;
  }

  /** Returns the exchanges of the ended attempt, and clears them for the next one. */
  take(): readonly Evidence[] {
    const known = [...this.#byName.values()].flatMap((outcomes) => [...outcomes.values()]);
    this.#byName.clear();
    this.#timedOutAfterMs = undefined;
    return known;
  }
}
