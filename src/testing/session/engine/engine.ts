/** The engine of a double: its state, its caches and its faults. */

import { randomInt } from "node:crypto";
import type { GraphQLSchema } from "graphql";
import { FaultPlan } from "../faults/faults.js";
import { hostNames } from "../faults/network-errors.js";
import { EngineError } from "../faults/wire-errors.js";
import { Scratch } from "../files/scratch.js";
import type { SessionDoubleSettings } from "../options/session-options.js";
import { schemaOf } from "../query/schema.js";
import { Processes } from "./exec.js";
import { HeldImages } from "./held-images.js";
import { Objects } from "./objects.js";
import { Steps, unlessAborted } from "./steps.js";

/** The reason with which work is aborted when the engine stops. */
export class EngineGone extends Error {
  override readonly name = "EngineGone";
}

/** Whether the engine runs. If not, how it ended. */
export type EngineState = "up" | "killed" | "ended";

/** One engine. It can serve several sessions. Finished steps stay when a session ends, as on a disk. */
export class Engine {
  readonly settings: SessionDoubleSettings;
  readonly faults: FaultPlan;
  /** The processes of `withExec`, and of functions that are programs. */
  readonly processes = new Processes();
  /** The processes of git, which belong to the engine and not to the pipeline. */
  readonly gitProcesses = new Processes();
  // Declared after the processes, because it is cleaned up after them: a process could otherwise still
  // write into it.
  readonly scratch = new Scratch();
  /**
   * Objects that outlive sessions. In engine 0.19 an id contains the whole chain, so it is valid in later
   * sessions.
   */
  readonly lastingObjects = new Objects();
  /** Results of finished steps for all sessions, by the content of their inputs. */
  readonly steps = new Steps();
  /** Sessions to notify when the engine restarts or stops. */
  readonly sessions = new Set<{ lose(): void; end(): Promise<void> }>();
  /** The images that the engine has, fully or partly. */
  readonly images = new HeldImages();
  /** Calls of the API that have worked in any session, by their content. */
  readonly calls = new Set<string>();
  /** The GraphQL schema, including modules. */
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

  /** Whether the double imitates engine 0.19. */
  get isOld(): boolean {
    return this.settings.engineVersion.startsWith("v0.19.");
  }

  /** Whether the double imitates engine 1.0, with lock files. */
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

  /** Returns a new number for an object's id. */
  nextResult(): number {
    this.#nextResult += 1;
    return this.#nextResult;
  }

  /** Adds to the count of requests that a real engine would have sent to a host. */
  countRequests(host: string, requests: number): void {
    this.#requestsByHost.set(host, this.requestsTo(host) + requests);
  }

  countRequestTo(url: URL): void {
    for (const name of hostNames(url)) this.countRequests(name, 1);
  }

  requestsTo(host: string): number {
    return this.#requestsByHost.get(host) ?? 0;
  }

  /** Stops the engine as SIGKILL would. */
  kill(): void {
    this.#go("killed", new EngineGone("the engine was killed"));
  }

  /** Stops the engine as SIGTERM would. In 0.21, running steps get an answer; in 0.19, they do not. */
  end(): void {
    const goodbye = this.isOld
      ? new EngineGone("the engine has ended")
      : new EngineError("engine is shutting down");
    this.#go(this.isOld ? "killed" : "ended", goodbye);
  }

  /** Replaces the engine with a new one. All existing sessions are lost. */
  restart(): void {
    if (this.#stopped) return;
    this.kill();
    for (const session of this.sessions) session.lose();
    this.#life = new AbortController();
    this.#state = "up";
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when the engine runs. Rejects if the signal is aborted first. */
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
    // A copy that still runs would create the removed folder again.
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
