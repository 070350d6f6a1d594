#!/usr/bin/env node
/**
 * A program that stands in for the `dagger` CLI. `session` starts a session double and prints its address.
 * Any other command follows the script in an environment variable.
 */

import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { AttachAddress } from "./cli-options.js";
import { CLI_OPTIONS_VARIABLE, readCliTask } from "./cli-options.js";
import { runCommandDouble } from "./command/command-run.js";
import { COMMAND_VARIABLE, readCommandScript } from "./command/command-script.js";
import type { ControlMessage } from "./control.js";
import { readSessionDoubleOptions } from "./options/session-options.js";
import { startSession } from "./session-double.js";
import { SpanExporter } from "./traces/exporter.js";
import { exportTargetOf } from "./traces/exporter-environment.js";

/** A session that stays open while this process runs. */
interface OpenSession {
  /** The line with port and token that an SDK reads. */
  readonly line: string;
  /** Ends the session. Resolves when all its spans have been sent. */
  close(): Promise<void>;
  /** Resolves when the session has ended without `close`. */
  readonly ended: Promise<void>;
}

/** The longest wait for the last spans of a session that ends. */
const FAREWELL_MS = 2_000;

/** Starts a double in this process and opens its session. */
async function own(
  options: Readonly<Record<string, unknown>>,
  exporter: SpanExporter | undefined,
): Promise<OpenSession> {
  const workdir = flagValue("--workdir");
  const settings = readSessionDoubleOptions({
    ...(workdir !== undefined && { workdir }),
    ...options,
  });
  const session = await startSession(settings, exporter);
  return {
    line: JSON.stringify({ port: session.port, session_token: session.token }),
    close: () => session.stop(),
    ended: new Promise(() => undefined),
  };
}

/** Opens a session of a double in another process. It ends with the connection to that process. */
async function attached(
  { port, token }: AttachAddress,
  exporter: SpanExporter | undefined,
): Promise<OpenSession> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.write(`${JSON.stringify({ token, traces: exporter !== undefined })}\n`);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(socket).on("line", (text) => {
      const message = JSON.parse(text) as ControlMessage;
      if ("address" in message) resolve(JSON.stringify(message.address));
      else if ("span" in message) exporter?.add(message.span);
      else exporter?.abandon();
    });
    socket.once("end", () => socket.end());
    socket.once("close", () => reject(new Error("the session double has stopped")));
  });
  return {
    line,
    close: async () => {
      socket.end();
      await Promise.race([ended, delay(FAREWELL_MS)]);
    },
    ended,
  };
}

function flagValue(flag: string): string | undefined {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : process.argv[at + 1];
}

async function main(): Promise<void> {
  const command = process.env[COMMAND_VARIABLE] ?? "";
  if (process.argv[2] !== "session" && command !== "") {
    process.exit(
      await runCommandDouble(readCommandScript(command), process.argv.slice(2), process.env),
    );
  }
  if (process.argv[2] !== "session") {
    throw new Error('the session double knows the command "session" only');
  }
  // Set before the session opens, because the SDK may end this process earlier.
  let close = (): Promise<void> => Promise.resolve();
  const target = exportTargetOf(process.env);
  const exporter = target && new SpanExporter(target);
  const leave = async () => {
    await close().catch(() => undefined);
    await exporter?.flush();
    process.exit(0);
  };
  process.stdin.once("end", leave).resume();
  // Exits with 0: an SDK ends its CLI with SIGTERM and treats any other exit code as an error.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, leave);
  const task = readCliTask(process.env[CLI_OPTIONS_VARIABLE]);
  const session = await ("attach" in task
    ? attached(task.attach, exporter)
    : own(task.options, exporter));
  close = () => session.close();
  process.stdout.write(`${session.line}\n`);
  await session.ended;
  await leave();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
