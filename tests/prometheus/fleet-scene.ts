/**
 * Simulates CI jobs of a fleet that call an upstream, and a Prometheus that scrapes once a minute. Time is
 * virtual.
 */

import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { RUNS_CIRCUIT, type RunRecord } from "../../src/fleet/rules/run-report.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { admit, limit, POLICY, settle } from "../fleet/commands.js";
import { Recording, type Target } from "./recording.js";

export const KEY = { scope: "egress", name: "registry:docker.io" };
/** Number of calls in a minute. They come in the first seconds of the minute, one each second. */
const CALLS_A_MINUTE = 10;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const POLICY_OF_CI = { ...POLICY, halfOpenProbeTimeoutMs: 2 * MINUTE_MS };

/** How the upstream answers in a minute. With `hangs`, calls never end. */
export type Upstream = "up" | "down" | "limits" | "hangs";

export class FleetScene {
  readonly recording: Recording;
  droppedCount = 0;
  /** Whether the store cannot be read. */
  isStoreDown = false;
  #nowMs = 1_700_000_000_000 - (1_700_000_000_000 % HOUR_MS);
  #store = this.#newStore();
  #leases = 0;

  constructor(target?: Target) {
    this.recording = new Recording(target);
  }

  /** The time of the next scrape, in milliseconds since 1970. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets minutes pass with calls. Prometheus scrapes at the end of each minute. */
  async minutes(count: number, upstream: Upstream, runs: readonly RunRecord[] = []): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      for (let call = 0; call < CALLS_A_MINUTE; call += 1) {
        await this.#call(upstream);
        this.#nowMs += 1000;
      }
      await this.#tell(RUNS_CIRCUIT, 0, runs);
      this.#nowMs += MINUTE_MS - CALLS_A_MINUTE * 1000;
      await this.#scrape();
    }
  }

  /** Lets minutes pass without calls. */
  async idle(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      this.#nowMs += MINUTE_MS;
      await this.#scrape();
    }
  }

  /** Lets minutes pass in which the server does not run, so that scrapes fail. */
  down(count: number): void {
    this.#nowMs += count * MINUTE_MS;
    for (let minute = 0; minute < count; minute += 1) this.recording.scrape(undefined);
  }

  /** Makes the store lose all its circuits. */
  empty(): void {
    this.#store = this.#newStore();
  }

  async isolate(): Promise<void> {
    const expiresInMs = 48 * HOUR_MS;
    await this.#store.run(KEY, { kind: "isolate", reason: "moves", owner: "ada", expiresInMs });
  }

  async release(): Promise<void> {
    await this.#store.run(KEY, { kind: "release", reason: null, owner: "ada" });
  }

  #newStore(): FleetStore {
    return memoryStore({ nowMicros: () => this.#nowMs * 1000 });
  }

  async #call(upstream: Upstream): Promise<void> {
    this.#leases += 1;
    const policy = POLICY_OF_CI;
    const lease = `job-${this.#leases}`;
    const { admitted, snapshot } = await this.#store.run(KEY, admit({ policy, lease }));
    if (admitted === 0) return this.#tell(KEY.name, 1, []);
    if (upstream === "hangs") return;
    const { generation } = snapshot;
    const leases = snapshot.state === "half-open" ? [`${lease}.0`] : [];
    const parts = { policy, leases, generation: generation === 0 ? null : generation };
    if (upstream === "limits") await this.#store.run(KEY, { ...limit(), ...parts });
    else if (upstream === "up") await this.#store.run(KEY, settle(parts));
    else {
      const failure = { fault: "registry", rule: "registry.server-error", limited: false };
      await this.#store.run(KEY, settle({ ...parts, successes: 0, failures: 1, failure }));
    }
  }

  async #tell(name: string, rejections: number, runs: readonly RunRecord[]): Promise<void> {
    if (rejections === 0 && runs.length === 0) return;
    const command = { kind: "tell", rejections, runs, failedRunsMs: [] } as const;
    await this.#store.run({ ...KEY, name }, command);
  }

  async #scrape(): Promise<void> {
    const store = this.#store;
    const readable = {
      kind: "sqlite",
      scopes: async () => {
        if (this.isStoreDown) throw new Error("the file cannot be read");
        return (await store.scopes?.()) ?? [];
      },
      list: store.list.bind(store),
    } as unknown as FleetStore;
    const droppedCount = () => this.droppedCount;
    const viewed = { store: readable, onStoreError: () => undefined };
    const view = new StoreView(viewed);
    const writing = new WriteCheck(viewed);
    const metrics = new MetricsView({ view, writing, kind: readable.kind, droppedCount });
    this.recording.scrape((await metrics.text()).toString());
  }
}
