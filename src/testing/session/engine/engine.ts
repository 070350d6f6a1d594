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
import { Steps, unlessAborted } from "./steps.js";

/** Why work stopped: the engine is no more. */
export class EngineGone extends Error {
  override readonly name = "EngineGone";
}

/** Whether the engine runs, and if not, how it went. */
export type EngineState = "up" | "killed" | "ended";

/** One engine. Its sessions come and go; its finished steps outlive them, as on a disk. */
export class Engine {
  readonly settings: SessionDoubleSettings;
  readonly faults: FaultPlan;
  /** The commands of `withExec`, and functions of modules that are programs. */
  readonly processes = new Processes();
  /** What the engine itself runs. */
  readonly gitProcesses = new Processes();
  // After the processes: should this process end early, nobody writes there any more.
  readonly scratch = new Scratch();
  /** Finished steps by the content of their inputs, for all sessions. */
  readonly steps = new Steps();
  /** Those who are to be told that a restarted engine does not know them, or that it stops. */
  readonly sessions = new Set<{ lose(): void; end(): Promise<void> }>();
  /** What is known of images. */
  readonly images = new HeldImages();
  /** The calls of the API that worked in any session, by their content. */
  readonly calls = new Set<string>();
  /** What it speaks, modules included. */
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

  /** Whether it speaks and fails as engine 0.19 does, not as 0.21. */
  get isOld(): boolean {
    return this.settings.engineVersion.startsWith("v0.19.");
  }

  /** Whether it speaks and fails as engine 1.0 does, lock files included. */
  get isOne(): boolean {
    return this.settings.engineVersion.startsWith("v1.");
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Whether it was stopped for good. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Aborted when the engine goes. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** The number of the next object that gets an id. */
  nextResult(): number {
    this.#nextResult += 1;
    return this.#nextResult;
  }

  /** Counts requests that a real engine would have sent to a host. */
  countRequests(host: string, requests: number): void {
    this.#requestsByHost.set(host, this.requestsTo(host) + requests);
  }

  /** Counts a request to a URL. */
  countRequestTo(url: URL): void {
    for (const name of hostNames(url)) this.countRequests(name, 1);
  }

  requestsTo(host: string): number {
    return this.#requestsByHost.get(host) ?? 0;
  }

  /** SIGKILL. */
  kill(): void {
    this.#go("killed", new EngineGone("the engine was killed"));
  }

  /** SIGTERM. An engine of 0.21 tells the steps that run; one of 0.19 just goes. */
  end(): void {
    const goodbye = this.isOld
      ? new EngineGone("the engine has ended")
      : new EngineError("engine is shutting down");
    this.#go(this.isOld ? "killed" : "ended", goodbye);
  }

  /** A new engine process in place of the old one: what sessions there were are lost. */
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

  /** Settles when the engine is up; rejects when the signal is aborted before. */
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
    // What still copies files would bring back the folder that is to go.
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
