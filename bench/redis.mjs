/** Starts a Redis server for one suite, and counts the commands that it receives. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createClient } from "redis";
import { findTool } from "../scripts/checks/tools.mjs";

const PROGRAM = process.env.REDIS_SERVER || "redis-server";
const READY = "Ready to accept connections";
const START_LIMIT_MS = 30_000;

/**
 * Starts a server on a free port: `redis-server`, or the program in the variable `REDIS_SERVER`.
 * `commandsIn` counts the commands that clients send while `work` runs. Commands inside scripts do not
 * count, so the result is the number of round trips. Counting slows down each command.
 *
 * @returns {Promise<{
 *   url: string,
 *   commandsIn(work: () => Promise<unknown>): Promise<number>,
 *   stop(): Promise<void>,
 * }>}
 */
export async function startRedis() {
  const problem = await findTool("redis-server", { installs: true });
  if (problem !== undefined) throw new Error(problem);
  const port = await freePort();
  const memoryOnly = ["--save", "", "--appendonly", "no"];
  const child = spawn(PROGRAM, ["--bind", "127.0.0.1", "--port", String(port), ...memoryOnly], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill());
  await accepts(child);
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    commandsIn: (work) => commandsIn(url, work),
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when the server prints that it accepts connections. */
function accepts(child) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${PROGRAM} ${why}`));
    const timer = setTimeout(() => fail(`is not ready after ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    child.once("error", (error) => fail(`cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      if (output.includes(READY)) return;
      output += text;
      if (!output.includes(READY)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function commandsIn(url, work) {
  const [watcher, marker] = [createClient({ url }), createClient({ url })];
  try {
    await Promise.all([watcher.connect(), marker.connect()]);
    let sent = 0;
    let heard = () => undefined;
    await watcher.monitor((line) => {
      // A command of a client: `1764471600.000000 [0 127.0.0.1:50000] "EVALSHA" ...`. A command of a script
      // has `[0 lua]`.
      const [, source, name] = /^\S+ \[\d+ ([^\]]*)\] "(\w+)"/.exec(line);
      if (name.toLowerCase() === "echo") heard();
      else if (source !== "lua") sent += 1;
    });
    /**
     * Returns the number of commands so far. The watcher reports commands in order. Once it reports this
     * ECHO, it has reported all earlier commands.
     */
    const sentSoFar = async () => {
      const echoed = new Promise((resolve) => {
        heard = resolve;
      });
      await marker.sendCommand(["ECHO", "now"]);
      await echoed;
      return sent;
    };
    const before = await sentSoFar();
    await work();
    return (await sentSoFar()) - before;
  } finally {
    watcher.destroy();
    marker.destroy();
  }
}
