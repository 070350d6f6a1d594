/** The health pages of `serve`. */

import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { HealthPages, PageQuery, PageReply } from "../../fleet/http/index.js";
import { isKeyWord } from "../../fleet/key-word.js";
import { RUNS_CIRCUIT } from "../../fleet/rules/run-report.js";
import type { FleetStore } from "../../fleet/store.js";
import { within } from "../../fleet/within.js";
import { sharedCircuit } from "../../telemetry/health/health-circuits.js";
import { circuitsReply } from "../../telemetry/health/health-reply.js";
import { Fresh } from "../../telemetry/metrics/fresh.js";
import type { StoreView } from "./store-view.js";

/** The longest wait for the store: less than the second that orchestrators wait by default. */
const READY_WITHIN_MS = 900;

const QUESTION = { kind: "read" } as const;
/** Any circuit will do, since a circuit that is not there can be read as well. */
const KEY = { scope: "default", name: RUNS_CIRCUIT };
const READY: PageReply = { status: 200, body: { status: "ok" } };
const NOT_READY: PageReply = {
  status: 503,
  body: { status: "failed", error: "the store of the server does not answer" },
};

/** The settings of a health view. */
export interface HealthViewSettings {
  readonly store: FleetStore;
  readonly view: StoreView;
  onStoreError(error: unknown): void;
}

/** Answers health checks. However many there are, the store gets one question a second at most. */
export class HealthView implements HealthPages {
  readonly #settings: HealthViewSettings;
  /** The question that the store has not answered yet. */
  #question: Promise<unknown> | undefined;
  readonly #reply = new Fresh(() => this.#ask());

  constructor(settings: HealthViewSettings) {
    this.#settings = settings;
  }

  /** Returns 200 if the store answers in time, else 503. Never rejects. */
  ready(): Promise<PageReply> {
    return this.#reply.get();
  }

  /** Returns the circuits of all scopes, or of the one in `scope`. */
  async circuits(query: PageQuery): Promise<PageReply> {
    const error = problemOf(query);
    if (error !== undefined) return { status: 400, body: { error } };
    const [wanted] = query.getAll("scope");
    const entries = await this.#settings.view.entries();
    if (entries === undefined) return NOT_READY;
    const circuits = entries
      .filter(isCircuit)
      .filter(({ scope }) => wanted === undefined || scope === wanted)
      .map(({ name, scope, snapshot }) => sharedCircuit(name, scope, snapshot));
    return circuitsReply(circuits, query.getAll("fail"));
  }

  async #ask(): Promise<PageReply> {
    const { store, onStoreError } = this.#settings;
    try {
      // A store that hangs still has the question before, and gets no second one.
      this.#question ??= store.run(KEY, QUESTION).finally(() => {
        this.#question = undefined;
      });
      await within(this.#question, READY_WITHIN_MS, false);
      return READY;
    } catch (error) {
      onStoreError(error);
      return NOT_READY;
    }
  }
}

/** Returns what is wrong with a query, apart from the names in `fail`; undefined if nothing is. */
function problemOf(query: PageQuery): string | undefined {
  const unknown = [...query.keys()].find((name) => name !== "fail" && name !== "scope");
  if (unknown !== undefined) {
    return `unknown parameter ${JSON.stringify(unknown.slice(0, 40))}, expected fail or scope`;
  }
  const scopes = query.getAll("scope");
  if (scopes.length <= 1 && scopes.every(isKeyWord)) return undefined;
  return 'invalid "scope": expected one scope, of 1 to 100 of the characters A-Z a-z 0-9 . _ : / @ -';
}
