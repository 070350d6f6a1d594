/** The engine behind the sessions of a double: its state, its caches and its faults. */

import { randomInt } from "node:crypto";
import type { GraphQLSchema } from "graphql";
import { FaultPlan } from "../faults/faults.js";
import { hostNames } from "../faults/network-errors.js";
import { EngineError } from "../faults/wire-errors.js";
import { Scratch } from "../files/scratch.js";
import { schemaOf } from "../query/schema.js";
import type { SessionDoubleSettings } from "../session-options.js";
import { Processes } from "./exec.js";
import { HeldImages } from "./held-images.js";
import { Objects } from "./objects.js";
import { Steps, unlessAborted } from "./steps.js";

/** The reason of aborted work: the engine has stopped. */
export class EngineGone extends Error {
  override readonly name = "EngineGone";
}

/** Whether the engine runs, and if not, how it ended. */
export type EngineState = "up" | "killed" | "ended";

/** One engine. Sessions come and go; finished steps outlive them, as on a disk. */
export class Engine {
  readonly settings: SessionDoubleSettings;
  readonly faults: FaultPlan;
  /** The commands of `withExec`, and functions of modules that are programs. */
  readonly processes = new Processes();
  /** The processes of the engine itself. */
  readonly gitProcesses = new Processes();
  // Declared after the processes: if this process ends early, none of them writes there anymore.
  readonly scratch = new Scratch();
  /** Ids of engine 0.19 contain the whole chain, so they outlive sessions. */
  readonly lastingObjects = new Objects();
  /** Finished steps by the content of their inputs, for all sessions. */
  readonly steps = new Steps();
  /** Sessions to notify when the engine restarts or stops. */
  readonly sessions = new Set<{ lose(): void; end(): Promise<void> }>();
  /** The known facts about images. */
  readonly images = new HeldImages();
  /** The calls of the API that worked in any session, by their content. */
  readonly calls = new Set<string>();
  /** Its schema, including modules. */
  readonly schema: GraphQLSchema;
  readonly #requestsByHost = new Map<string, number>();
  #nextResult = randomInt(1_000, 1_000_000);
  #state: EngineState = "up";
  #life = new AbortController();
  #waiting: (() => void)[] = [];
  #stopped = false;

  constructor(settings: SessionDoubleSettings) {
    this.settings = settings;
    this.faults = new FaultPlan(settings.faults, settings.random);
    this.schema = schemaOf(this.isOne, settings.modules.sdl);
  }

  /** Whether it answers and fails as engine 0.19 does, not as 0.21. */
  get isOld(): boolean {
    return this.settings.engineVersion.startsWith("v0.19.");
  }

  /** Whether it answers and fails as engine 1.0 does, including lock files. */
  get isOne(): boolean {
    return this.settings.engineVersion.startsWith("v1.");
  }

  get state(): EngineState {
    return this.#state;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Aborted when the engine stops. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Returns the number of the next object with an id. */
  nextResult(): number {
    this.#nextResult += 1;
    return this.#nextResult;
  }

  /** Counts requests that a real engine would have sent to a host. */
  countRequests(host: string, requests: number): void {
    this.#requestsByHost.set(host, this.requestsTo(host) + requests);
  }

  countRequestTo(url: URL): void {
    for (const name of hostNames(url)) this.countRequests(name, 1);
  }

  requestsTo(host: string): number {
    return this.#requestsByHost.get(host) ?? 0;
  }

  /** Acts as on SIGKILL. */
  kill(): void {
    this.#go("killed", new EngineGone("the engine was killed"));
  }

  /** Acts as on SIGTERM. An engine of 0.21 notifies running steps; one of 0.19 just ends. */
  end(): void {
    const goodbye = this.isOld
      ? new EngineGone("the engine has ended")
      : new EngineError("engine is shutting down");
    this.#go(this.isOld ? "killed" : "ended", goodbye);
  }

  /** Replaces the engine process; all existing sessions are lost. */
  restart(): void {
    if (this.#stopped) return;
    this.kill();
    for (const session of this.sessions) session.lose();
    this.#life = new AbortController();
    this.#state = "up";
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  /** Settles when the engine is up; rejects if the signal is aborted first. */
  async whenUp(signal: AbortSignal): Promise<void> {
    if (this.#state === "up") return;
    const up = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    await unlessAborted(up, signal);
  }

  /** Ends all sessions and all work, and removes all files. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.kill();
    this.processes.close();
    this.gitProcesses.close();
    await Promise.all([...this.sessions].map((session) => session.end()));
    // A copy still in progress would recreate the removed folder.
    await this.steps.idle();
    this.steps.clear();
    await this.scratch.remove();
  }

  #go(state: EngineState, reason: Error): void {
    this.#state = state;
    this.#life.abort(reason);
    this.processes.killAll();
    this.gitProcesses.killAll();
  }
}
