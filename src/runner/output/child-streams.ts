/** The standard streams of a command: those of ours that are no terminal are read as they pass. */

import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { isatty } from "node:tty";
import { DescriptorSink } from "./descriptor-sink.js";
import { Ends } from "./ends.js";
import { openPipes, type RealPipe } from "./real-pipe.js";

const STDOUT = 1;
const STDERR = 2;
const NEWLINE = 10;

/** How the output of a command reaches our own. */
export interface StreamPlan {
  /** Our streams that are no terminal: what goes there is read. Two that are one and the same share. */
  readonly read: readonly (readonly number[])[];
  /** Whether one of our streams, standard input included, is a terminal. */
  readonly hasTerminal: boolean;
  /** Whether some of the output goes to a terminal, where it is not read. */
  readonly isUnread: boolean;
}

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
  readonly #hear: (chunk: Buffer) => void;
  readonly #passed: Passed[] = [];

  /** @param hear Called with each part of the output. */
  constructor(plan: StreamPlan, hear: (chunk: Buffer) => void) {
    this.#plan = plan;
    this.#hear = hear;
    this.#pipes = openPipes(plan.read.length);
  }

  /** What the command is to be started with. */
  get stdio(): StdioOptions {
    const stdio: ("inherit" | "pipe" | number)[] = ["inherit", "inherit", "inherit"];
    for (const [index, streams] of this.#plan.read.entries()) {
      for (const stream of streams) stdio[stream] = this.#pipes?.[index]?.writeEnd ?? "pipe";
    }
    return stdio;
  }

  /** The command has been started, or could not be. */
  started(child: ChildProcess | undefined): void {
    for (const { writeEnd } of this.#pipes ?? []) closeSync(writeEnd);
    if (child?.pid === undefined) {
      for (const { source } of this.#pipes ?? []) source.destroy();
      return;
    }
    for (const [index, streams] of this.#plan.read.entries()) {
      const pipe = this.#pipes?.[index];
      if (pipe !== undefined) {
        this.#pass(pipe.source, streams.includes(STDERR) ? STDERR : STDOUT);
        continue;
      }
      // Without pipes of our own each stream has one of Node's.
      for (const stream of streams) {
        this.#pass((stream === STDERR ? child.stderr : child.stdout) as Readable, stream);
      }
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

  /** How much has passed. */
  get bytes(): number {
    return this.#passed.reduce((sum, { words }) => sum + words.bytes, 0);
  }

  /** Both ends of what has passed, stream after stream. */
  get text(): string {
    return this.#passed.map(({ words }) => words.text()).join("\n");
  }

  /** Whether what went to standard error ends within a line. */
  get endsMidLine(): boolean {
    const last = this.#passed.find(({ descriptor }) => descriptor === STDERR)?.lastByte;
    return last !== undefined && last !== NEWLINE;
  }

  /** Reads no more: what still writes finds out. Resolves once ours has taken what was read. */
  async end(): Promise<void> {
    await Promise.all(this.#passed.map((one) => one.end()));
  }

  #pass(source: Readable, descriptor: number): void {
    this.#passed.push(new Passed(source, descriptor, this.#hear));
  }
}

/** One stream that passes. */
class Passed {
  readonly descriptor: number;
  readonly words = new Ends();
  readonly done: Promise<void>;
  readonly #source: Readable;
  readonly #sink: DescriptorSink;
  lastByte: number | undefined;

  constructor(source: Readable, descriptor: number, hear: (chunk: Buffer) => void) {
    this.descriptor = descriptor;
    this.#source = source;
    this.#sink = new DescriptorSink(descriptor);
    // When nobody reads us any more, whoever writes must find out.
    this.#sink.on("error", () => source.destroy());
    source.on("data", (chunk: Buffer) => {
      this.words.add(chunk);
      this.lastByte = chunk.at(-1);
      hear(chunk);
    });
    source.pipe(this.#sink);
    this.done = finished(source, { writable: false }).catch(() => undefined);
  }

  get isHeldUp(): boolean {
    return this.#sink.writableNeedDrain;
  }

  async end(): Promise<void> {
    this.#source.destroy();
    this.#sink.end();
    await finished(this.#sink).catch(() => undefined);
  }
}
