#!/usr/bin/env node
/** Stands in for the `dagger` CLI: `session` starts a session double and says where it is. */

import { connect } from "node:net";
import type { AttachAddress } from "./cli-options.js";
import { CLI_OPTIONS_VARIABLE, readCliTask } from "./cli-options.js";
import { startSessionDouble } from "./session-double.js";

/** A session that this process keeps open. */
interface OpenSession {
  /** The line that SDKs read. */
  readonly line: string;
  close(): Promise<void>;
  /** Settles when the session has ended by itself. */
  readonly ended: Promise<void>;
}

/** A double in this process. */
async function own(options: Readonly<Record<string, unknown>>): Promise<OpenSession> {
  const workdir = flagValue("--workdir");
  const session = await startSessionDouble({
    ...(workdir !== undefined && { workdir }),
    ...options,
  });
  return {
    line: JSON.stringify({ port: session.port, session_token: session.token }),
    close: () => session.stop(),
    ended: new Promise(() => undefined),
  };
}

/** A session of a double in another process, open as long as the connection to it. */
async function attached({ port, token }: AttachAddress): Promise<OpenSession> {
  const socket = connect(port, "127.0.0.1");
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.setEncoding("utf8");
  socket.write(`${token}\n`);
  const line = await new Promise<string>((resolve, reject) => {
    let said = "";
    socket.on("data", (text: string) => {
      said += text;
      if (said.includes("\n")) resolve(said.trim());
    });
    socket.once("close", () => reject(new Error("the session double has stopped")));
  });
  return {
    line,
    close: async () => {
      socket.destroy();
    },
    ended,
  };
}

function flagValue(flag: string): string | undefined {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : process.argv[at + 1];
}

async function main(): Promise<void> {
  if (process.argv[2] !== "session") {
    throw new Error('the session double knows the command "session" only');
  }
  // Whoever started this process may go before it has a session.
  let close = (): Promise<void> => Promise.resolve();
  const leave = () => void close().finally(() => process.exit(0));
  process.stdin.once("end", leave).resume();
  // SDKs end their CLI with SIGTERM and take any other end than a good one for an error.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, leave);
  const task = readCliTask(process.env[CLI_OPTIONS_VARIABLE]);
  const session = await ("attach" in task ? attached(task.attach) : own(task.options));
  close = () => session.close();
  process.stdout.write(`${session.line}\n`);
  await session.ended;
  leave();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
