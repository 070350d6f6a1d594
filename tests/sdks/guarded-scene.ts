/** Starts a session double behind the proxy. Pipelines find the session in their environment, or open it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { createRegistry, type Registry } from "../../src/index.js";
import { GuardedSessions } from "../../src/proxy/guarded-sessions.js";
import {
  listenForSessions,
  type SessionListener,
} from "../../src/proxy/sessions/session-listener.js";
import type { SessionDouble, SessionDoubleOptions } from "../../src/testing/index.js";
import type { BuiltCli } from "../cli/built-cli.js";
import type { BuiltTestKit } from "../session-double/built.js";
import { Pipeline } from "./sdk-programs.js";
import type { Sdk } from "./sdks.js";

/** The ways in which a program gets its session. */
export const WAYS = ["found in the environment", "opened by the stand-in"] as const;
/** The ways in which the guard is in another process, as for users. */
export const WAYS_OF_USERS = ["opened by the stand-in, alone", "opened inside of run"] as const;

export type Way = (typeof WAYS)[number] | (typeof WAYS_OF_USERS)[number];

/** The compiled programs that the tests of a file share. */
export interface Built {
  readonly cli: BuiltCli;
  readonly kit: BuiltTestKit;
}

/** A session double, its guard, and the pipelines that were started. */
export class GuardedScene implements AsyncDisposable {
  readonly double: SessionDouble;
  readonly guard: Guard;
  readonly registry: Registry;
  readonly sessions: GuardedSessions;
  readonly #cli: BuiltCli;
  readonly #folder: string;
  readonly #pipelines: Pipeline[] = [];
  readonly #listeners: SessionListener[] = [];

  private constructor(cli: BuiltCli, folder: string, double: SessionDouble, options: GuardOptions) {
    this.#cli = cli;
    this.#folder = folder;
    this.double = double;
    this.registry = createRegistry();
    this.guard = new Guard({ ...options, registry: this.registry });
    this.sessions = new GuardedSessions(this.guard);
  }

  static async start(
    { cli, kit }: Built,
    double: SessionDoubleOptions = {},
    guard: GuardOptions = {},
  ): Promise<GuardedScene> {
    // An engine of 1.0 writes a lock file into the repository of its folder, so it gets a folder outside of
    // this repository.
    const folder = mkdtempSync(join(tmpdir(), "sdks-"));
    const session = await kit.testing.startSessionDouble({ workdir: folder, ...double });
    return new GuardedScene(cli, folder, session, guard);
  }

  /**
   * Starts a pipeline. It opens a session, or finds one in its environment.
   *
   * @param more Further variables.
   */
  async pipeline(
    sdk: Sdk,
    way: Way,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Pipeline> {
    const runner = way === "opened inside of run" ? [this.#cli.program, "run", "--"] : [];
    // Commands store state in the home folder, so each scene has a home of its own.
    const env = { HOME: this.#folder, ...more, ...(await this.#environment(way)) };
    const pipeline = new Pipeline(sdk, env, runner);
    this.#pipelines.push(pipeline);
    return pipeline;
  }

  /** Starts a pipeline and waits until it is connected. */
  async connected(sdk: Sdk, way: Way, more?: Readonly<Record<string, string>>): Promise<Pipeline> {
    const pipeline = await this.pipeline(sdk, way, more);
    const { error } = await pipeline.connected();
    if (error !== undefined) throw new Error(error.message);
    return pipeline;
  }

  /** Returns the counts of a breaker. */
  counted(name: string) {
    const breaker = this.registry.get(name);
    const { successCount, failureCount, rejectedCount } = breaker.getMetrics().metrics;
    return { state: breaker.state, successCount, failureCount, rejectedCount };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pipeline of this.#pipelines) pipeline.kill();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await this.sessions.close();
    await this.double.stop();
    rmSync(this.#folder, { recursive: true });
  }

  async #environment(way: Way): Promise<Record<string, string>> {
    if (way === "found in the environment") {
      const { port, token } = await this.sessions.openInherited(this.double);
      return { DAGGER_SESSION_PORT: `${port}`, DAGGER_SESSION_TOKEN: token };
    }
    const { _EXPERIMENTAL_DAGGER_CLI_BIN: real, DAGGER_SESSION_DOUBLE } =
      await this.double.cliEnvironment();
    if (way === "opened inside of run") {
      return { _EXPERIMENTAL_DAGGER_CLI_BIN: real, DAGGER_SESSION_DOUBLE };
    }
    const alone = {
      _EXPERIMENTAL_DAGGER_CLI_BIN: this.#cli.program,
      DAGGER_BREAKER_CLI: real,
      DAGGER_SESSION_DOUBLE,
    };
    if (way === "opened by the stand-in, alone") return alone;
    const listener = await listenForSessions(this.sessions, this.#folder);
    this.#listeners.push(listener);
    return { ...alone, DAGGER_BREAKER_RUN: listener.path };
  }
}
