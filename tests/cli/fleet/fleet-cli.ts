/** Gives each test a scope of a real Redis, and runs command lines on it in this process. */

import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { run } from "../../../src/cli/command-line.js";
import { openStore } from "../../../src/fleet/open-store.js";
import type { SettleCommand } from "../../../src/fleet/rules/command.js";
import type { SharedPolicy } from "../../../src/fleet/rules/policy.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { RedisServer } from "../../fleet/redis/redis-server.js";

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stand-in for a terminal. */
export interface TerminalLike {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command line that runs until the test ends it. */
export interface Running {
  readonly stdout: string;
  readonly stderr: string;
  /** Closes the output, like a reader that goes away, and waits for the exit code. */
  end(): Promise<number>;
}

/** The fleet of one test. */
export interface FleetCli {
  readonly server: RedisServer;
  readonly store: FleetStore;
  readonly scope: string;
  readonly env: Readonly<Record<string, string>>;
  run(argv: readonly string[], terminal?: TerminalLike): Promise<Ran>;
  start(argv: readonly string[], terminal?: TerminalLike): Running;
  /** Reports one failure of a circuit. By default the failure opens the circuit at once. */
  fail(name: string, more?: Partial<SettleCommand>): Promise<void>;
}

/**
 * A policy for circuits that open only with `openNow`, because the tests never report five bad seconds. An
 * open circuit stays open for ten minutes.
 */
export const POLICY: SharedPolicy = {
  badSeconds: 5,
  windowMs: 60_000,
  minimumReporters: 1,
  resetTimeoutMs: 600_000,
  maxOpenMs: 3_600_000,
  openTimeGrowthFactor: 1,
  openTimeJitter: 0,
  halfOpenMaxCalls: 1,
  halfOpenSuccessThreshold: 1,
  halfOpenProbeTimeoutMs: 600_000,
};

const FAILURE: SettleCommand = {
  kind: "settle",
  policy: POLICY,
  generation: null,
  successes: 0,
  failures: 1,
  leases: [],
  reporter: { id: "p1", host: "runner-1", run: "https://ci.example/runs/7" },
  failure: { fault: "registry", rule: "registry.unavailable", limited: false },
  openNow: true,
  retryAfterMs: 0,
  chance: 0,
};

/** Starts the server before the tests of a file, and gives each test its own scope. */
export function fleetCli(): FleetCli {
  let server: RedisServer;
  let store: FleetStore;
  let scope = "";
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    scope = randomUUID();
    store = await openStore(server.url);
  });
  afterEach(() => store.close());

  const fleet: FleetCli = {
    get server() {
      return server;
    },
    get store() {
      return store;
    },
    get scope() {
      return scope;
    },
    get env() {
      return { DAGGER_BREAKER_STORE: server.url, DAGGER_BREAKER_SCOPE: scope };
    },
    async run(argv, terminal = {}) {
      const { streams, texts } = terminalLike({
        ...terminal,
        env: { ...fleet.env, ...terminal.env },
      });
      const exitCode = await run(argv, streams);
      return { exitCode, ...texts() };
    },
    start(argv, terminal = {}) {
      const { streams, texts } = terminalLike({
        ...terminal,
        env: { ...fleet.env, ...terminal.env },
      });
      const ended = run(argv, streams);
      return {
        get stdout() {
          return texts().stdout;
        },
        get stderr() {
          return texts().stderr;
        },
        end() {
          streams.stdout.destroy();
          return ended;
        },
      };
    },
    async fail(name, more = {}) {
      await store.run({ scope, name }, { ...FAILURE, ...more });
    },
  };
  return fleet;
}

function terminalLike({ isTTY = false, columns = 200, rows = 40, env = {} }: TerminalLike) {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => {
    const one = Object.assign(new PassThrough(), { isTTY, columns, rows });
    one.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
    return one;
  };
  const streams = {
    stdin: new PassThrough(),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env,
  };
  return { streams, texts: () => ({ ...texts }) };
}
