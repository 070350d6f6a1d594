/** The output streams of a command. Output to anything but a terminal is read as it passes. */

import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { PassedStream } from "./passed-stream.js";
import { closePipe, type RealPipe } from "./real-pipe.js";

const STDOUT = 1;
const STDERR = 2;

/** The routing of a command's output. */
export interface StreamPlan {
  /** Our streams that are not terminals, whose output is read. Equal streams share an entry. */
  readonly read: readonly (readonly number[])[];
  /** Whether one of our streams, including standard input, is a terminal. */
  readonly hasTerminal: boolean;
  /** Whether some output goes to a terminal, where it is not read. */
  readonly isUnread: boolean;
}

/** An own stream that could not be written, except for a closed reader. */
export interface OutputError {
  readonly stream: "stdout" | "stderr";
  /** The system's code, such as ENOSPC. */
  readonly code: string;
}

/** A stream option for starting a command. */
export type ChildStream = "inherit" | "pipe" | number;

/** Plans the streams of this process. */
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
    return false; // A closed stream is not shared.
  }
}

/** The output of one command on its way to ours, byte for byte, at the speed of our reader. */
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
    // Without our own pipes, each stream uses one of Node's.
    const descriptors = pipes === undefined ? plan.read.flat() : plan.read.map(lastOf);
    this.#passed = descriptors.map((descriptor) => new PassedStream(descriptor, hear));
  }

  /**
   * Creates the streams for one command.
   *
   * @param pipes One for each read stream; undefined if the system supports none. They are closed
   * at the end.
   * @param hear Receives each chunk, whose memory is reused afterwards.
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

  /** The standard output and standard error for starting the command. */
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

  /** Whether our own reader delays the output. */
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

  /** The first own stream that could not be written; null if both could. */
  get error(): OutputError | null {
    for (const { descriptor, error } of this.#passed) {
      if (error === null) continue;
      const stream = descriptor === STDERR ? "stderr" : "stdout";
      return { stream, code: error.code ?? "unknown reason" };
    }
    return null;
  }

  /** Stops reading; later writers get an error. Output already read is still passed on. */
  stopReading(): void {
    for (const one of this.#passed) one.stopReading();
  }

  /** Drops output that our reader has not yet taken. */
  abandon(): void {
    for (const one of this.#passed) one.abandon();
  }

  /** Closes pipes of a command that was not started. */
  close(): void {
    if (!this.#isStarted) for (const pipe of this.#pipes ?? []) closePipe(pipe);
    this.#isStarted = true;
    this.abandon();
  }
}

/** Returns the stream for a shared pipe: standard error if included, because we write there too. */
function lastOf(streams: readonly number[]): number {
  return streams.includes(STDERR) ? STDERR : STDOUT;
}
