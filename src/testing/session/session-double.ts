/** Starts session doubles: sessions of an engine that does not exist, for tests. */

import { type AttachAddress, CLI_OPTIONS_VARIABLE } from "./cli-options.js";
import { sessionDoubleCliPath } from "./cli-path.js";
import { Control } from "./control.js";
import { Engine } from "./engine/engine.js";
import { Session, type SessionPorts } from "./engine/session.js";
import type { FaultRule } from "./faults/fault-rules.js";
import { checkFault, checkFaults } from "./faults/fault-rules.js";
import { servingHost } from "./faults/faults.js";
import {
  type EngineVersion,
  readSessionDoubleOptions,
  type SessionDoubleOptions,
  type SessionDoubleSettings,
} from "./options/session-options.js";
import { publishFolder } from "./resolve/container/publish.js";
import { SessionServer } from "./server.js";
import { SpanExporter } from "./traces/exporter.js";
import { plainTarget } from "./traces/exporter-environment.js";
import type { SpanSink } from "./traces/request-span.js";

declare global {
  /** Also declared by TypeScript's library `esnext.disposable`, which users need not have. */
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** The environment of a program that uses an existing session. */
export interface SessionEnvironment {
  readonly DAGGER_SESSION_PORT: string;
  readonly DAGGER_SESSION_TOKEN: string;
}

/** The environment of a program that starts its own sessions through the CLI. */
export interface CliEnvironment {
  readonly _EXPERIMENTAL_DAGGER_CLI_BIN: string;
  readonly DAGGER_SESSION_DOUBLE: string;
}

/** A running session double. */
export interface SessionDouble {
  /** The port of the session on 127.0.0.1. */
  readonly port: number;
  /** The token of the session: the user name in basic auth. */
  readonly token: string;
  /** The two variables from which every Dagger SDK reads a session. */
  readonly environment: SessionEnvironment;
  /** The version that the double reports. */
  readonly engineVersion: EngineVersion;
  /** The folder into which `publish` writes images. */
  readonly publishFolder: string;
  /** The number of requests to this session's `/query`. */
  readonly queries: number;
  /**
   * The number of commands started as processes, in all sessions of the engine, including functions
   * of modules that are programs.
   */
  readonly commandsStarted: number;
  /** The number of running commands. */
  readonly commandsRunning: number;
  /**
   * Returns the number of requests from the engine to a host. The double never contacts registries. For
   * them, it returns the number that a real engine would send. Examples: six for a pull that gets a 429,
   * and none for an image by a digest that an earlier session has used. The spans show the same requests.
   *
   * @param host The host as in requests: `registry-1.docker.io` (or `docker.io`), `auth.docker.io`,
   * `github.com`; with or without the port in the address.
   */
  requestsTo(host: string): number;
  /** Replaces all fault rules and sets their counts to 0. An empty list ends every outage. */
  setFaults(faults: readonly FaultRule[]): void;
  /** Adds a fault rule before all others. Returns a function that removes it. */
  fail(fault: FaultRule): () => void;
  /**
   * Kills the engine: requests in flight are answered 502 `unexpected EOF`, all later ones 502
   * `connection refused`.
   */
  kill(): void;
  /**
   * Ends the engine with SIGTERM: running steps answer `engine is shutting down`; then every answer
   * is 502.
   */
  end(): void;
  /**
   * Restarts the engine. This session is lost for good, and each of its answers fails after
   * `lostSessionDelayMs`. A new session ({@link openSession}) works.
   */
  restart(): void;
  /** Kills the CLI process of this session: connections are reset, then refused. */
  dropCli(): Promise<void>;
  /**
   * Opens one more session with the same engine, its caches and its faults. Rejects while the
   * engine is down.
   */
  openSession(): Promise<SessionDouble>;
  /**
   * Returns the two variables with which a Dagger SDK starts its own sessions on this double's engine, as
   * it does with the `dagger` CLI. A CLI that starts while the engine is down prints nothing until the
   * engine is restarted. The variables contain no session, so do not set `DAGGER_SESSION_PORT` beside them.
   * The environment of that CLI (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and the like) sets the destination of
   * its spans.
   */
  cliEnvironment(): Promise<CliEnvironment>;
  /**
   * Ends the session. For the session of {@link startSessionDouble}, this also ends the engine with
   * all its sessions: processes are killed, files removed, ports closed. You can call it again.
   */
  stop(): Promise<void>;
  /** Calls `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a double of a Dagger session: a loopback server against which the official SDKs run with
 * no engine, no Docker and no network. With it you test how your own pipelines fail.
 *
 * **It isolates nothing.** Commands run as processes of this machine, as the user who runs the
 * test, with the programs of this machine. Only absolute paths that the chain itself created
 * (`withNewFile`, `withFile`, `withDirectory`, `withWorkdir`) are separate: they are in a scratch
 * folder, and are rewritten in arguments and environment variables. All other absolute paths are
 * the host's, for reading and for writing. `http` and `git` use the real network. `from` pulls
 * nothing: it succeeds for any image, unless a fault applies. Each tag has one digest, which
 * `imageRef` returns. For a tag that was used, other digests are not found.
 *
 * It supports:
 *
 * - `version`, `directory`, `file`, `host`, `http`, `git`, secrets, introspection, and ids in the
 *   formats of 0.19 and from 0.21 on;
 * - `container` with `from`, `withExec` and its options, entrypoint and default arguments,
 *   variables, labels, `workdir`, the outputs, `sync`, `publish` and `export`;
 * - files and directories of a container, mounts of them, and mounts of caches, secrets and
 *   temporary folders;
 * - functions of modules that you write for it (`modules`).
 *
 * It accepts and ignores owners, users, capabilities, annotations, exposed ports and registry
 * credentials. Other features of engines (services, Dockerfiles, modules from sources) are rejected
 * as unsupported by the double. Each command works on a copy of the files of the step before, so a
 * scratch path that a tool wrote into a file is wrong in the next step. `publish` and `export`
 * write a container as a folder with `rootfs/` and `config.json`, including mounted files and
 * directories. A command that leaves its process group (`setsid`) outlives its step.
 *
 * POSIX systems only.
 *
 * @throws TypeError or RangeError for a wrong option.
 *
 * @example
 * ```ts
 * import { connection, dag } from "@dagger.io/dagger";
 * import { startSessionDouble } from "dagger-circuit-breaker/testing";
 *
 * await using session = await startSessionDouble({
 *   faults: [{ host: "docker.io", calls: 1, kind: "status", status: 503 }],
 * });
 * Object.assign(process.env, session.environment);
 * await connection(async () => {
 *   const greeting = dag.container().from("busybox").withExec(["echo", "hi"]);
 *   await greeting.stdout().catch((error) => console.log(error.message)); // 503 of the registry
 *   console.log(await greeting.stdout()); // hi
 * });
 * ```
 */
export async function startSessionDouble(options?: SessionDoubleOptions): Promise<SessionDouble> {
  const settings = readSessionDoubleOptions(options);
  const { traces } = settings;
  return startSession(settings, traces && new SpanExporter(plainTarget(traces)));
}

/** Starts a session on an engine. Its spans go to the given receiver. */
export async function startSession(
  settings: SessionDoubleSettings,
  spans: SpanSink | undefined,
): Promise<SessionDouble> {
  const engine = new Engine(settings);
  return openSession(engine, new CliDoor(engine), { endsEngine: true, spans });
}

/** The server for stand-ins of the CLI. There is one per engine, opened on first use. */
class CliDoor {
  readonly #control: Control;
  #address: Promise<AttachAddress> | undefined;

  constructor(engine: Engine) {
    this.#control = new Control(async ({ gone, spans, sendAway }) => {
      await engine.whenUp(gone);
      return openSession(engine, this, { endsEngine: false, spans, onDropped: sendAway });
    });
  }

  async environment(): Promise<CliEnvironment> {
    this.#address ??= this.#control.listen();
    return {
      _EXPERIMENTAL_DAGGER_CLI_BIN: sessionDoubleCliPath(),
      [CLI_OPTIONS_VARIABLE]: JSON.stringify({ attach: await this.#address }),
    };
  }

  async close(): Promise<void> {
    if (this.#address === undefined) return;
    await this.#address;
    await this.#control.close();
  }
}

/** How to open a session. */
interface Opening {
  /** Whether stopping the session also stops the engine. */
  readonly endsEngine: boolean;
  readonly spans: SpanSink | undefined;
  readonly onDropped?: () => void;
}

async function openSession(
  engine: Engine,
  door: CliDoor,
  { endsEngine, spans, onDropped }: Opening,
): Promise<SessionDouble> {
  let closing: Promise<void> | undefined;
  const ports: SessionPorts = {
    async openNested(client) {
      const nested = new SessionServer(engine, session, client);
      return { port: await nested.listen(), token: nested.token, close: () => nested.close() };
    },
    close() {
      closing ??= server.close().then(() => onDropped?.());
      return closing;
    },
  };
  const session: Session = new Session(engine, ports, spans);
  const server = new SessionServer(engine, session);
  const port = await server.listen();
  let stopping: Promise<void> | undefined;
  const stopAll = async () => {
    await session.end();
    await spans?.flush();
    if (endsEngine) await Promise.all([door.close(), engine.close()]);
  };
  const stop = () => {
    stopping ??= stopAll();
    return stopping;
  };
  return {
    port,
    token: server.token,
    environment: { DAGGER_SESSION_PORT: String(port), DAGGER_SESSION_TOKEN: server.token },
    engineVersion: engine.settings.engineVersion,
    publishFolder: publishFolder(engine),
    get queries() {
      return server.queries;
    },
    get commandsStarted() {
      return engine.processes.started;
    },
    get commandsRunning() {
      return engine.processes.running;
    },
    requestsTo: (host) => engine.requestsTo(servingHost(host)),
    setFaults: (faults) => engine.faults.replace(checkFaults(faults, "setFaults")),
    fail: (fault) => engine.faults.add(checkFault(fault, "fail")),
    kill: () => engine.kill(),
    end: () => engine.end(),
    restart: () => engine.restart(),
    dropCli: () => session.drop(),
    openSession: async () => {
      if (engine.stopped) throw new Error("the session double has stopped");
      if (engine.state !== "up") throw new Error("the engine of the session double is down");
      const { traces } = engine.settings;
      const exporter = traces && new SpanExporter(plainTarget(traces));
      return openSession(engine, door, { endsEngine: false, spans: exporter });
    },
    cliEnvironment: async () => {
      if (engine.stopped) throw new Error("the session double has stopped");
      return door.environment();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
