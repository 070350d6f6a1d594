/** Starts a real redis-server for the tests of one file, on a port and in a temporary folder of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";

export interface RedisServerOptions {
  /** Further configuration as arguments, such as `["--requirepass", "secret"]`. */
  readonly config?: readonly string[];
  /** The certificate files of the server. With them, it also listens with TLS on `tlsPort`. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const START_LIMIT_MS = 100_000;

/** A running redis-server. It keeps nothing on disk, so it is empty after `restart`. */
export class RedisServer {
  readonly port: number;
  readonly tlsPort: number;
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #child: ChildProcess;

  private constructor(
    port: number,
    tlsPort: number,
    folder: string,
    options: RedisServerOptions,
    child: ChildProcess,
  ) {
    this.port = port;
    this.tlsPort = tlsPort;
    this.#folder = folder;
    this.#options = options;
    this.#child = child;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "dagger-circuit-breaker-redis-"));
    const [port, tlsPort] = [await freePort(), await freePort()];
    const child = await launch(port, tlsPort, folder, options);
    return new RedisServer(port, tlsPort, folder, options, child);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The id of the server's process. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the server does not run");
    return this.#child.pid;
  }

  /** Kills the server, as in a crash. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  /** Freezes the server: connections stay open, but get no replies. */
  stop(): void {
    this.#child.kill("SIGSTOP");
  }

  continue(): void {
    this.#child.kill("SIGCONT");
  }

  /** Starts the server again on the same port. Kills it first when it runs. */
  async restart(): Promise<void> {
    await this.kill();
    this.#child = await launch(this.port, this.tlsPort, this.#folder, this.#options);
  }

  /** Sends one command to the server on a separate connection. */
  async send(...command: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns a port of 127.0.0.1 that is free, unless another process takes it in the meantime. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  // A node of a cluster uses a second port, which is higher by 10,000.
  return address.port <= 55_000 ? address.port : freePort();
}

/** Waits until a condition is true. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  limitMs = START_LIMIT_MS,
): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`not so within ${limitMs} ms: ${isSo}`);
    await sleep(10);
  }
}

async function launch(
  port: number,
  tlsPort: number,
  folder: string,
  { config = [], tls }: RedisServerOptions,
): Promise<ChildProcess> {
  const base = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
  const quiet = [
    "--save",
    "",
    "--repl-diskless-sync-delay",
    "0",
    "--appendonly",
    "no",
    "--daemonize",
    "no",
    "--loglevel",
    "warning",
  ];
  const secure =
    tls === undefined
      ? []
      : [
          "--tls-port",
          String(tlsPort),
          "--tls-cert-file",
          tls.cert,
          "--tls-key-file",
          tls.key,
        ].concat(["--tls-ca-cert-file", tls.cert, "--tls-auth-clients", "no"]);
  const program = process.env.REDIS_SERVER || "redis-server";
  const child = spawn(program, [...base, ...quiet, ...secure, ...config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-4000);
    });
  }
  let problem: string | undefined;
  child.on("error", (error) => {
    problem = `${program} cannot be started: ${error.message}`;
  });
  const kill = () => child.kill("SIGKILL");
  child.on("exit", () => {
    problem = `${program} ended: ${output}`;
    process.off("exit", kill);
  });
  process.once("exit", kill);
  await until(async () => {
    if (problem !== undefined) throw new Error(problem);
    return accepts(port);
  });
  return child;
}

/** Returns whether a server on a port answers a ping. An answer that asks for a password counts. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("data", (data) => {
      socket.destroy();
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}
