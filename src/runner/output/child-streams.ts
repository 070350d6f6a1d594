/**
 * The output streams of a command. Output is read while it passes, unless it goes to a terminal.
 */

import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { PassedStream } from "./passed-stream.js";
import { closePipe, type RealPipe } from "./real-pipe.js";

const STDOUT = 1;
const STDERR = 2;

/**
 * The plan that decides which output of a command is read, and which goes directly to a terminal.
 */
export interface StreamPlan {
  /**
   * Our streams whose output is read, because they are not terminals. stdout and stderr share an
   * entry if they are the same file, as after `2>&1`.
   */
  readonly read: readonly (readonly number[])[];
  /** Whether stdin, stdout or stderr is a terminal. */
  readonly hasTerminal: boolean;
  /** Whether stdout or stderr is a terminal. Output to a terminal is not read. */
  readonly isUnread: boolean;
}

/** A failed write to one of our streams. If the reader closed the stream, that is not an error. */
export interface OutputError {
  readonly stream: "stdout" | "stderr";
  /** The system's code, such as ENOSPC. */
  readonly code: string;
}

/** An entry of `stdio` for `spawn`. */
export type ChildStream = "inherit" | "pipe" | number;

/** Plans which output of a command is read. */
export function planStreams(): StreamPlan {
  const read = [STDOUT, STDERR].filter((stream) => !isatty(stream));
  return {
    read: read.length === 2 && isSameFile(STDOUT, STDERR) ? [read] : read.map((one) => [one]),
    hasTerminal: isatty(0) || read.length < 2,
    isUnread: read.length < 2,
  };
}

function isSameFile(one: number, other: number): boolean {
  if (process.platform === "win32") return false;
  try {
    const [first, second] = [fstatSync(one), fstatSync(other)];
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false; // A closed stream shares nothing with the other stream.
  }
}

/**
 * The connection between the output of one command and our streams. All bytes pass unchanged, at
 * the speed of the program that reads our streams.
 */
export class ChildStreams {
  readonly #plan: StreamPlan;
  readonly #pipes: readonly RealPipe[] | undefined;
  readonly #passed: readonly PassedStream[];
  #isStarted = false;

  private constructor(
    plan: StreamPlan,
    pipes: readonly RealPipe[] | undefined,
    hear: (chunk: Uint8Array) => void,
  ) {
    this.#plan = plan;
    this.#pipes = pipes;
    // If this system has no named pipes, Node.js creates a pipe for each of stdout and stderr.
    const descriptors = pipes === undefined ? plan.read.flat() : plan.read.map(lastOf);
    this.#passed = descriptors.map((descriptor) => new PassedStream(descriptor, hear));
  }

  /**
   * Creates the streams for one command.
   *
   * @param pipes A pipe for each entry of `plan.read`; undefined if the system has no named pipes.
   * The new object closes the pipes.
   * @param hear Receives each chunk. The chunk's memory is reused afterwards.
   */
  static over(
    plan: StreamPlan,
    pipes: readonly RealPipe[] | undefined,
    hear: (chunk: Uint8Array) => void,
  ): ChildStreams {
    try {
      return new ChildStreams(plan, pipes, hear);
    } catch (error) {
      for (const pipe of pipes ?? []) closePipe(pipe);
      throw error;
    }
  }

  /** The entries for stdout and stderr in the `stdio` option of `spawn`. */
  get stdio(): [ChildStream, ChildStream] {
    const stdio: [ChildStream, ChildStream] = ["inherit", "inherit"];
    for (const [index, streams] of this.#plan.read.entries()) {
      for (const stream of streams) {
        stdio[stream === STDERR ? 1 : 0] = this.#pipes?.[index]?.writeEnd ?? "pipe";
      }
    }
    return stdio;
  }

  /** Connects the streams after the start of the command. */
  started(child: ChildProcess): void {
    this.#isStarted = true;
    for (const { writeEnd } of this.#pipes ?? []) closeSync(writeEnd);
    for (const [index, passed] of this.#passed.entries()) {
      const pipe = this.#pipes?.[index];
      if (pipe !== undefined) passed.readPipe(pipe.readEnd);
      else
        passed.readStream((passed.descriptor === STDERR ? child.stderr : child.stdout) as Readable);
    }
  }

  /** Resolves once all output has passed. */
  async done(): Promise<void> {
    await Promise.all(this.#passed.map((one) => one.done));
  }

  /** Whether the output is delayed because its reader is slow. */
  get isHeldUp(): boolean {
    return this.#passed.some(({ isHeldUp }) => isHeldUp);
  }

  /** Number of bytes read. */
  get bytes(): number {
    return this.#passed.reduce((sum, { words }) => sum + words.bytes, 0);
  }

  /** The beginning and the end of each stream's output. */
  get text(): string {
    return this.#passed.map(({ words }) => words.text()).join("\n");
  }

  /** The first of our streams that could not be written, and why; null without an error. */
  get error(): OutputError | null {
    for (const { descriptor, error } of this.#passed) {
      if (error === null) continue;
      const stream = descriptor === STDERR ? "stderr" : "stdout";
      return { stream, code: error.code ?? "unknown reason" };
    }
    return null;
  }

  /**
   * Stops reading. Processes that still write get an error. Output that was already read is still
   * passed on.
   */
  stopReading(): void {
    for (const one of this.#passed) one.stopReading();
  }

  /** Drops output that is not yet written to our streams. */
  abandon(): void {
    for (const one of this.#passed) one.abandon();
  }

  /**
   * Drops output that is not yet written. If the command was not started, also closes the pipes.
   */
  close(): void {
    if (!this.#isStarted) for (const pipe of this.#pipes ?? []) closePipe(pipe);
    this.#isStarted = true;
    this.abandon();
  }
}

/**
 * Returns which of our streams gets the output. Shared output goes to stderr, because our own
 * messages go there too.
 */
function lastOf(streams: readonly number[]): number {
  return streams.includes(STDERR) ? STDERR : STDOUT;
}
