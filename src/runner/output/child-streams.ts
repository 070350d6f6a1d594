/** The standard output streams of a command: those of ours that are no terminal are read as they pass. */

import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { PassedStream } from "./passed-stream.js";
import { closePipe, type RealPipe } from "./real-pipe.js";

const STDOUT = 1;
const STDERR = 2;

/** How the output of a command reaches our own. */
export interface StreamPlan {
  /** Our streams that are no terminal: what goes there is read. Two that are one and the same share. */
  readonly read: readonly (readonly number[])[];
  /** Whether one of our streams, standard input included, is a terminal. */
  readonly hasTerminal: boolean;
  /** Whether some of the output goes to a terminal, where it is not read. */
  readonly isUnread: boolean;
}

/** One of our own streams that could not be written, for another reason than that nobody reads it. */
export interface OutputError {
  readonly stream: "stdout" | "stderr";
  /** What the system said, as ENOSPC. */
  readonly code: string;
}

/** A stream that a command is started with. */
export type ChildStream = "inherit" | "pipe" | number;

/** The plan for the streams of this process. */
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
    return false; // A stream that is closed is none to be shared.
  }
}

/** The output of one command on its way to ours, byte for byte and as fast as ours is read. */
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
    // Without pipes of our own each stream has one of Node's.
    const descriptors = pipes === undefined ? plan.read.flat() : plan.read.map(lastOf);
    this.#passed = descriptors.map((descriptor) => new PassedStream(descriptor, hear));
  }

  /**
   * Makes the streams for one command.
   *
   * @param pipes One for each of our streams that is read; undefined where the system makes none. It closes them.
   * @param hear Called with each part of the output, whose memory is used again afterwards.
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

  /** What the command is to be started with as its standard output and standard error. */
  get stdio(): [ChildStream, ChildStream] {
    const stdio: [ChildStream, ChildStream] = ["inherit", "inherit"];
    for (const [index, streams] of this.#plan.read.entries()) {
      for (const stream of streams) {
        stdio[stream === STDERR ? 1 : 0] = this.#pipes?.[index]?.writeEnd ?? "pipe";
      }
    }
    return stdio;
  }

  /** The command has been started. */
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

  /** Whether our own reader is what holds the output up. */
  get isHeldUp(): boolean {
    return this.#passed.some(({ isHeldUp }) => isHeldUp);
  }

  /** How much has been read. */
  get bytes(): number {
    return this.#passed.reduce((sum, { words }) => sum + words.bytes, 0);
  }

  /** Both ends of what has passed, stream after stream. */
  get text(): string {
    return this.#passed.map(({ words }) => words.text()).join("\n");
  }

  /** The first of our own streams that could not be written; null when both could. */
  get error(): OutputError | null {
    for (const { descriptor, error } of this.#passed) {
      if (error === null) continue;
      const stream = descriptor === STDERR ? "stderr" : "stdout";
      return { stream, code: error.code ?? "unknown reason" };
    }
    return null;
  }

  /** Reads no more: what still writes finds out. What was read is still passed on. */
  stopReading(): void {
    for (const one of this.#passed) one.stopReading();
  }

  /** Drops what our own reader has not yet taken. */
  abandon(): void {
    for (const one of this.#passed) one.abandon();
  }

  /** Closes what a command that was not started has left. */
  close(): void {
    if (!this.#isStarted) for (const pipe of this.#pipes ?? []) closePipe(pipe);
    this.#isStarted = true;
    this.abandon();
  }
}

/** Where two streams share a pipe, it is told of as the one that we write to ourselves. */
function lastOf(streams: readonly number[]): number {
  return streams.includes(STDERR) ? STDERR : STDOUT;
}
