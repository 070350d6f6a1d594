/** The health pages of `serve`. */

import { type Clock, systemClock } from "../../breaker/clock.js";
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
import type { WriteCheck } from "./write-check.js";

/**
 * The longest wait for the store. It is shorter than the second that orchestrators wait by default.
 */
const READY_WITHIN_MS = 900;

const QUESTION = { kind: "read" } as const;
/**
 * The circuit to read. It need not exist, because the store also replies to a read of a missing
 * circuit.
 */
const KEY = { scope: "default", name: RUNS_CIRCUIT };
const READY: PageReply = { status: 200, body: { status: "ok" } };
const NOT_READY = notReady("the store of the server does not answer");

/** The settings of a health view. */
export interface HealthViewSettings {
  readonly store: FleetStore;
  readonly view: StoreView;
  readonly writing: WriteCheck;
  onStoreError(error: unknown): void;
}

/**
 * The replies to health checks. The store gets at most one question a second, however many checks
 * arrive.
 */
export class HealthView implements HealthPages {
  readonly #settings: HealthViewSettings;
  /** The question that the store has not answered yet; otherwise undefined. */
  #question: Promise<PageReply> | undefined;
  readonly #reply: Fresh<PageReply>;

  constructor(settings: HealthViewSettings, clock: Clock = systemClock) {
    this.#settings = settings;
    this.#reply = new Fresh(() => this.#ask(), clock);
  }

  /** Returns 200 if the store answers in time and can be written, otherwise 503. Never rejects. */
  ready(): Promise<PageReply> {
    return this.#reply.get();
  }

  /** Returns the health of the circuits in all scopes, or in the scope that the query names. */
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
    try {
      // Sends no second question while a hanging store has not answered the first.
      this.#question ??= this.#askStore().finally(() => {
        this.#question = undefined;
      });
      return await within(this.#question, READY_WITHIN_MS, false);
    } catch (error) {
      this.#settings.onStoreError(error);
      return NOT_READY;
    }
  }

  async #askStore(): Promise<PageReply> {
    const { store, writing } = this.#settings;
    await store.run(KEY, QUESTION);
    const problem = await writing.problem();
    return problem === undefined ? READY : notReady(`the store cannot be written: ${problem}`);
  }
}

function notReady(error: string): PageReply {
  return { status: 503, body: { status: "failed", error } };
}

/**
 * Returns what is wrong with the parameters of a query; undefined if they are valid. The names in
 * `fail` are checked elsewhere.
 */
function problemOf(query: PageQuery): string | undefined {
  const unknown = [...query.keys()].find((name) => name !== "fail" && name !== "scope");
  if (unknown !== undefined) {
    return `unknown parameter ${JSON.stringify(unknown.slice(0, 40))}, expected fail or scope`;
  }
  const scopes = query.getAll("scope");
  if (scopes.length <= 1 && scopes.every(isKeyWord)) return undefined;
  return 'invalid "scope": expected one scope, of 1 to 100 of the characters A-Z a-z 0-9 . _ : / @ -';
}
