/**
 * The streams of a command, and functions that write to them. Results go to standard output. All
 * other messages go to standard error.
 */

import type { Readable, Writable } from "node:stream";
import { withoutCommands } from "../attribution/ci-commands.js";
import { plainJson, WIDTH, widthOf, wrapped } from "./plain-text.js";

/** A stream that may be a terminal. `columns` and `rows` are the size of the terminal. */
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
  /** Limits how long the exit waits for a reader that does not read our output. */
  limitFlush?(forMs: number): void;
}

/** The context of a command: the terminal, and a function that sets the exit code. */
export interface CommandContext {
  readonly terminal: Terminal;
  end(exitCode: number): void;
}

/** The error of a command. It has its own exit code, and its message goes to standard error. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** Writes the lines of a result. Escapes text that a CI system would execute as a command. */
export function printLines(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.stdout.write(`${withoutCommands(lines.join("\n"))}\n`);
}

/** Writes a result as JSON. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${plainJson(value, 2)}\n`);
}

/**
 * Writes a message for people. On a terminal, long lines are wrapped between words. In a log, lines
 * stay whole, so that a search finds them.
 */
export function say({ stderr }: Pick<Terminal, "stderr">, message: string): void {
  const lines = message.split("\n").flatMap((line) => {
    if (stderr.isTTY !== true) return line;
    return wrapped(line, Math.min(stderr.columns ?? WIDTH, WIDTH), CONTINUED);
  });
  stderr.write(`${withoutCommands(lines.join("\n"))}\n`);
}

/**
 * The indentation of all lines of a message after the first, so that the lines look like one
 * message.
 */
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
 * Returns functions that color text if standard output is a terminal. They never color with
 * `NO_COLOR` or `TERM=dumb`.
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

/** Returns the lines of a table. Every column is as wide as its widest cell. */
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
