/** Runs members of a fleet in separate processes that use the compiled library. See fleet-process.mjs. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll } from "vitest";
import type { CircuitBreakerOptions } from "../../../src/breaker/options.js";
import type { SharedCounts } from "../../../src/fleet/client/circuit/shared-counts.js";
import type { FleetMode, FleetOptions } from "../../../src/fleet/client/fleet-options.js";
import type { FleetChange, FleetSnapshot } from "../../../src/fleet/rules/reply.js";
import { bundleProgram } from "../../build.js";
import type { Scene } from "./scenes.js";

/** The options of all members in a test. */
export interface MemberPlan {
  readonly fleet?: Partial<Omit<FleetOptions, "store" | "mode">>;
  readonly breaker: CircuitBreakerOptions;
}

/** The state of a circuit, as one member knows it and as the store has it. */
export interface Look {
  readonly local: string;
  readonly known: FleetSnapshot | null;
  readonly stored: FleetSnapshot | null;
  readonly history: readonly FleetChange[];
  readonly counts: SharedCounts;
  readonly storeUp: boolean;
}

/** The outcome with which a call or a permit ends. */
export interface Ending {
  readonly outcome: "success" | "failure";
  readonly openNow?: boolean;
}

/** A message that a process sends without being asked. */
export interface ProcessEvent {
  readonly event: string;
  readonly detail: unknown;
}

interface Message extends Partial<ProcessEvent> {
  readonly id?: number;
  readonly ready?: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  answer(result: unknown): void;
  fail(error: Error): void;
}

/** A process that always ends when its parent ends. */
export class FleetProcess {
  readonly child: ChildProcess;
  /** Resolves once all members of the process are connected. */
  readonly ready: Promise<void>;
  /** The standard error of the process. */
  complaints = "";
  onEvent: (event: ProcessEvent) => void = () => undefined;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(driver: string, scene: Scene, modes: readonly FleetMode[], plan: MemberPlan) {
    const order = JSON.stringify({ modes, store: scene.store, ...plan });
    this.child = fork(driver, [order], {
      execArgv: [],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.complaints = (this.complaints + text).slice(-4000);
    });
    this.ready = new Promise((resolve, reject) => {
      this.child.on("message", (message: Message) => {
        if (message.ready) resolve();
        else if (message.id !== undefined) this.#answer(message.id, message);
        else if (message.event !== undefined) {
          this.onEvent({ event: message.event, detail: message.detail });
        }
      });
      this.child.on("exit", () => {
        const error = new Error(`the process ended: ${this.complaints}`);
        reject(error);
        for (const { fail } of this.#waiting.values()) fail(error);
        this.#waiting.clear();
      });
    });
    this.ready.catch(() => undefined);
  }

  /** Sends a message to a member. Returns the member's result. */
  ask<T>(member: number, ask: string, parts: object = {}): Promise<T> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise<T>((answer, fail) => {
      this.#waiting.set(id, { answer: (result) => answer(result as T), fail });
      this.child.send({ id, member, ask, parts }, (error) => error && fail(error));
    });
  }

  /** Kills the process with SIGKILL. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exited;
  }

  #answer(id: number, { result, error }: Message): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.answer(result);
    else waiting?.fail(new Error(error));
  }
}

/** One member of a fleet, in one of the processes. */
export class Member {
  readonly process: FleetProcess;
  readonly #index: number;

  constructor(process: FleetProcess, index: number) {
    this.process = process;
    this.#index = index;
  }

  /** Makes several calls at once. Returns their results. */
  call(name: string, ending: Ending, times = 1): Promise<readonly string[]> {
    return this.ask("call", { name, times, ...ending });
  }

  /** Takes several permits and keeps those that are granted. Returns how many were granted. */
  take(name: string, times = 1): Promise<number> {
    return this.ask("take", { name, times });
  }

  /** Settles several permits, each with its own report. Resolves when the store has replied. */
  settle(ending: Ending, times = 1): Promise<void> {
    return this.ask("settle", { times, ...ending });
  }

  /** Shares a circuit with options that differ from the plan. */
  share(name: string, breaker: CircuitBreakerOptions): Promise<void> {
    return this.ask("share", { name, breaker });
  }

  look(name: string): Promise<Look> {
    return this.ask("look", { name });
  }

  ask<T>(ask: string, parts: object = {}): Promise<T> {
    return this.process.ask(this.#index, ask, parts);
  }
}

/** The processes of the tests of one file. */
export interface FleetProcesses {
  /**
   * Starts one member for each mode. Each gets its own process, when the store allows several processes.
   * Resolves once all are connected.
   */
  start(
    modes: readonly FleetMode[],
    scene: Scene,
    plan: MemberPlan,
  ): Promise<readonly [Member, ...Member[]]>;
  /** Ends all processes. */
  end(): Promise<void>;
}

/** Prepares the library before the tests of a file, and ends the processes after the tests. */
export function fleetProcesses(): FleetProcesses {
  let driver = "";
  const running = new Set<FleetProcess>();
  const end = async () => {
    await Promise.all([...running].map((process) => process.kill()));
    running.clear();
  };
  beforeAll(async () => {
    driver = await bundleProgram("tests/fleet/proofs/fleet-process.mjs");
  });
  afterAll(end);
  return {
    async start(modes, scene, plan) {
      const each = scene.inOneProcess ? [modes] : modes.map((mode) => [mode]);
      const started = each.map((own) => {
        const process = new FleetProcess(driver, scene, own, plan);
        running.add(process);
        return { process, own };
      });
      await Promise.all(started.map(({ process }) => process.ready));
      const [first, ...others] = started.flatMap(({ process, own }) =>
        own.map((_, index) => new Member(process, index)),
      );
      if (first === undefined) throw new Error("no member was asked for");
      return [first, ...others];
    },
    end,
  };
}
