/**
 * The streams of a command, and how to write to them. Results go to standard output, everything
 * else to standard error.
 */

import type { Readable, Writable } from "node:stream";
import { withoutCommands } from "../attribution/ci-commands.js";
import { plainJson, WIDTH, widthOf, wrapped } from "./plain-text.js";

/** A stream that may be a terminal with columns and rows. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The streams and the environment of a process. Tests pass substitutes. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Limits how long the exit waits for a blocked reader of the output. */
  limitFlush?(forMs: number): void;
}

/** The input of a command's code: the terminal, and a function that sets the exit code. */
export interface CommandContext {
  readonly terminal: Terminal;
  end(exitCode: number): void;
}

/** The error of a command with its own exit code and a message on standard error. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** Writes lines of a result. Makes lines safe that a CI system would execute as commands. */
export function printLines(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.stdout.write(`${withoutCommands(lines.join("\n"))}\n`);
}

/** Writes a result as JSON. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${plainJson(value, 2)}\n`);
}

/**
 * Writes a message for people. On a terminal, long lines are wrapped between words; in a log they
 * stay whole, so that a search finds them.
 */
export function say({ stderr }: Pick<Terminal, "stderr">, message: string): void {
  const lines = message.split("\n").flatMap((line) => {
    if (stderr.isTTY !== true) return line;
    return wrapped(line, Math.min(stderr.columns ?? WIDTH, WIDTH), CONTINUED);
  });
  stderr.write(`${withoutCommands(lines.join("\n"))}\n`);
}

/** The indentation of a message's lines after the first, so that it is read as one message. */
const CONTINUED = "  ";

/** Colors a text, or leaves it unchanged. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/**
 * Returns functions that color text if standard output is a terminal; never with `NO_COLOR` or
 * `TERM=dumb`.
 */
export function paintFor({ stdout, env }: Pick<Terminal, "stdout" | "env">): Paint {
  const plain = stdout.isTTY !== true || (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  const style = (on: number, off: number) => (text: string) =>
    plain ? text : `\u001b[${on}m${text}\u001b[${off}m`;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}

/** Returns the lines of a table: every column is as wide as its widest cell. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}
