/** A store that a test scripts. It replies by the rules, late, wrongly, or never. */

import { afterEach, beforeEach, expect, vi } from "vitest";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import type { CircuitBreakerOptions } from "../../src/breaker/options.js";
import { createFleet } from "../../src/fleet/client/fleet.js";
import type { FleetOptions } from "../../src/fleet/client/fleet-options.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import type { FleetReply } from "../../src/fleet/rules/reply.js";
import type { FleetEntry, FleetKey, FleetListener, FleetStore } from "../../src/fleet/store.js";

/** Handles one command. `answer` applies the command by the rules. */
export type Script = (
  command: FleetCommand,
  answer: () => Promise<FleetReply>,
) => Promise<FleetReply> | FleetReply;

/** Applies a command at once, but replies after a delay. */
export function answersAfter(delayMs: number): Script {
  return (_command, answer) =>
    new Promise((resolve) => {
      const reply = answer();
      setTimeout(() => resolve(reply), delayMs);
    });
}

/** Never replies, and does not apply the command. */
export const HANGS: Script = () => new Promise(() => {});

/** Rejects each command. */
export const FAILS: Script = () => Promise.reject(new Error("ECONNREFUSED"));

/** A store on the test's fake time. Without a script, it replies by the rules. */
export class ScriptedStore implements FleetStore {
  readonly kind = "scripted";
  minimumReporters = 1;
  pushes = true;
  script: Script = (_command, answer) => answer();
  opens: () => Promise<void> = async () => {};
  closes: () => Promise<void> = async () => {};
  /** Whether the store pushes changes to its listeners by itself. */
  isPushing = true;
  readonly commands: FleetCommand[] = [];
  readonly listeners = new Set<FleetListener>();
  readonly inner = memoryStore({ nowMicros: () => Date.now() * 1000 });

  constructor() {
    this.inner.subscribe("default", (entry) => {
      if (this.isPushing) this.push(entry);
    });
  }

  /** The commands that the store has received, in short form. */
  get sent(): string[] {
    return this.commands.map((command) => {
      if (command.kind === "admit") return `admit ${command.count}`;
      if (command.kind !== "settle") return command.kind;
      const { successes, failures, leases } = command;
      return `settle ${successes}+${failures}${leases.length > 0 ? ` back ${leases.length}` : ""}`;
    });
  }

  push(entry: FleetEntry): void {
    for (const listener of this.listeners) listener(entry);
  }

  async open(): Promise<void> {
    await this.opens();
  }

  run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    this.commands.push(command);
    return this.script(command, () => this.inner.run(key, command)) as Promise<FleetReply>;
  }

  list(scope: string): Promise<readonly FleetEntry[]> {
    return this.inner.list(scope);
  }

  history(key: FleetKey) {
    return this.inner.history(key);
  }

  subscribe(_scope: string, listener: FleetListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.closes();
  }
}

/** The name of every shared circuit of these tests. */
export const NAME = "registry:docker.io";

/** Creates a breaker that can be shared. */
export function newBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const trip = { badSeconds: 3, windowMs: 60_000 };
  return new CircuitBreaker({ name: NAME, trip, resetTimeoutMs: 10_000, ...options });
}

/** Creates one process of a fleet, with a breaker that it shares. */
export function newProcess(
  store: FleetStore,
  options: Omit<FleetOptions, "store"> = {},
  breaker: CircuitBreakerOptions = {},
) {
  const fleet = createFleet({ store, reporter: { host: "ci-7", run: null }, ...options });
  const local = newBreaker(breaker);
  return { fleet, local, shared: fleet.share(local) };
}

/** Opens the shared circuit from another process, by reporting a rate limit. By default it lasts 60 seconds. */
export async function openFromElsewhere(store: FleetStore, retryAfterMs = 60_000): Promise<void> {
  const { fleet, shared } = newProcess(store, { reporter: { host: "ci-1", run: "run 1" } });
  const permit = await shared.acquire();
  permit.failure(new Error("429"), { openNow: true, retryAfterMs });
  await fleet.close();
}

/** Fakes time, but not the turns of the event loop. `tick` lets those pass. */
export function fakeTime(): void {
  vi.useFakeTimers({
    now: 1_800_000_000_000,
    toFake: ["setTimeout", "clearTimeout", "Date", "performance"],
  });
}

/** Gives each test its own store, on a clock that only the test moves. Fails a test that leaves a timer. */
export function storeForEachTest(use: (store: ScriptedStore) => void): void {
  beforeEach(() => {
    fakeTime();
    use(new ScriptedStore());
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
}

/** Lets time pass, and then the turns of the event loop that follow. */
export async function tick(ms = 0): Promise<void> {
  await turns();
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Returns the result of a promise after `ms`; undefined when the promise is still pending. */
export async function cameTo<T>(promise: Promise<T>, ms = 0): Promise<T | undefined> {
  let value: T | undefined;
  void promise.then((result) => {
    value = result;
  });
  await tick(ms);
  return value;
}
