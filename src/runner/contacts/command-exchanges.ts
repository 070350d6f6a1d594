/** Keeps the HTTP exchanges in a command's spans: the last exchange for each host and outcome. */

import { breakerName } from "../../attribution/hosts.js";
import { type Evidence, evidenceFromSpans } from "../../attribution/spans/evidence.js";
import type { EngineSpan } from "../../attribution/spans/span.js";

/** The maximum number of breakers, because forged spans could name any number of hosts. */
const MAX_NAMES = 256;

/** The HTTP exchanges of a command, in bounded memory. */
export class CommandExchanges {
  readonly #byName = new Map<string, Map<Evidence["outcome"], Evidence>>();
  #timedOutAfterMs: number | undefined;

  /**
   * Adds the spans of finished requests.
   *
   * @param isWhole Whether all ancestors of the spans are known. If false, code in a running
   * container may have forged the spans.
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
   * Clears the exchanges, because a limit is about to end the command. Only exchanges that are
   * still open can show why the command hung. An open exchange counts as a failure if it lasted at
   * least half of `timeoutMs`.
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
