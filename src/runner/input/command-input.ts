/**
 * Provides the same input for each attempt of a command. If that is impossible, the command is not
 * retried.
 */

import type { ChildProcess } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { Environment } from "../../traces/environment.js";
import type { ChildStream } from "../output/child-streams.js";
import { closePipe, openPipes, type RealPipe } from "../output/real-pipe.js";
import { queueEnd } from "./at-end.js";
import { accessOf, kindOf, openAgainAt, positionOf } from "./descriptors.js";
import { namedQueue } from "./named-input.js";
import { ReplayedInput } from "./replayed-input.js";

const STDIN = 0;

/**
 * How a command gets standard input. `inherit`: the command inherits our standard input. `replay`:
 * we keep the data that we read, and send it again for each retry.
 */
export type InputChoice = "inherit" | "replay";

/** The facts that decide how a command gets its input. */
export interface InputPlan {
  readonly args: readonly string[];
  readonly env: Environment;
  /** The maximum number of attempts after the first. */
  readonly maxRetries: number;
  /** How the command gets standard input. Default: `inherit`. */
  readonly stdin?: InputChoice | undefined;
  /** Descriptors from 3 on that the command inherits. */
  readonly inherited?: readonly number[] | undefined;
}

/** The input of one attempt. */
export interface AttemptInput {
  readonly stdin: ChildStream;
  /** Maps each descriptor of the command, from 3 on, to our own descriptor. */
  readonly others: ReadonlyMap<number, number>;
  started(child: ChildProcess): void;
  /** Closes the files that were opened for the attempt. */
  close(): void;
}

/** The input of all attempts of one command. */
export class CommandInput {
  readonly #inherited: readonly number[];
  /** The initial positions of the files that can be reopened, by descriptor. */
  readonly #positions = new Map<number, number>();
  #replayed: ReplayedInput | undefined;
  #usedUp: string | undefined;
  #isFirst = true;

  /**
   * Create this object before the first attempt, and before this process opens other descriptors.
   */
  constructor({ args, env, maxRetries, stdin = "inherit", inherited = [] }: InputPlan) {
    this.#inherited = inherited;
    if (maxRetries === 0) return;
    for (const descriptor of inherited) {
      const { reads, writes } = accessOf(descriptor);
      if (kindOf(descriptor) === "file" && reads && !writes) this.#notePosition(descriptor);
    }
    const texts = [...args, ...Object.values(env).map((value) => value ?? "")];
    this.#usedUp = this.#lookAtStandardInput(stdin) ?? namedOf(texts);
  }

  /**
   * The reason why a retry would not get the same input; undefined if a retry gets the same input.
   */
  get usedUp(): string | undefined {
    if (this.#usedUp !== undefined || this.#replayed?.isWhole !== false) return this.#usedUp;
    return "standard input is longer than the 1 MiB that --stdin replay keeps; use a file, or < /dev/null";
  }

  /** Prepares the next attempt. */
  async next(): Promise<AttemptInput> {
    const opened = new Map<number, number>();
    try {
      if (!this.#isFirst) {
        for (const [descriptor, position] of this.#positions)
          opened.set(descriptor, openAgainAt(descriptor, position));
      }
      this.#isFirst = false;
      const others = new Map(this.#inherited.map((one) => [one, opened.get(one) ?? one]));
      const close = (): void => closeAll(opened);
      if (this.#replayed !== undefined) return await replayTo(this.#replayed, others, close);
      const stdin = opened.get(STDIN) ?? "inherit";
      return { stdin, others, started: () => undefined, close };
    } catch (error) {
      closeAll(opened);
      throw error;
    }
  }

  /** Stops reading standard input. */
  close(): void {
    this.#replayed?.close();
  }

  /**
   * Returns the reason why standard input can be read only once; undefined if a retry gets the same
   * input.
   */
  #lookAtStandardInput(choice: InputChoice): string | undefined {
    const kind = kindOf(STDIN);
    if (kind === "terminal" || kind === "other") return undefined;
    if (kind === "file" && this.#notePosition(STDIN)) return undefined;
    if (choice === "replay") {
      this.#replayed = new ReplayedInput();
      return undefined;
    }
    const end = kind === "file" ? { isAtEnd: false } : queueEnd(STDIN, kind);
    if (end.isAtEnd) return undefined;
    if (end.read !== undefined) this.#replayed = new ReplayedInput(end.read);
    const what = kind === "file" ? "a file that cannot be opened again" : `a ${kind}`;
    return `standard input is ${what}, and the first attempt may have read it; use --stdin replay or < /dev/null`;
  }

  /**
   * Stores the read position of a file. Returns whether the file can be opened again for a retry.
   */
  #notePosition(descriptor: number): boolean {
    const position = positionOf(descriptor);
    if (position === undefined) return false;
    try {
      closeSync(openAgainAt(descriptor, 0));
      this.#positions.set(descriptor, position);
      return true;
    } catch {
      return false; // The file was opened by another user, and this process may not open it.
    }
  }
}

function namedOf(texts: readonly string[]): string | undefined {
  const queue = namedQueue(texts);
  return queue && `${queue}, and the first attempt may have read from it; use a file`;
}

function closeAll(opened: ReadonlyMap<number, number>): void {
  for (const descriptor of opened.values()) closeSync(descriptor);
}

/**
 * Gives the command a real pipe as standard input, so that the command can also open /dev/stdin.
 */
async function replayTo(
  replayed: ReplayedInput,
  others: ReadonlyMap<number, number>,
  close: () => void,
): Promise<AttemptInput> {
  const [pipe] = (await openPipes(["write"])) ?? [];
  let isStarted = false;
  let forget = (): void => undefined;
  return {
    stdin: pipe?.readEnd ?? "pipe",
    others,
    started(child) {
      isStarted = true;
      if (pipe !== undefined) forget = wakeLateReaders(pipe.readEnd);
      replayed.feed(pipe === undefined ? (child.stdin as Writable) : writerOf(pipe));
    },
    close() {
      replayed.stop();
      forget();
      if (!isStarted && pipe !== undefined) closePipe(pipe);
      close();
    },
  };
}

/** The flag of Linux's `open` that refers to a file without opening it for reading or writing. */
const O_PATH = 0o10000000;
const WAKE_MS = 100;

/**
 * Opens and closes the pipe for writing again and again. Our pipe is a named pipe. So a command
 * that opens /dev/stdin after the end of the input would wait forever for a writer.
 *
 * @returns A function that stops the repetition.
 */
function wakeLateReaders(readEnd: number): () => void {
  let pipe: number;
  try {
    pipe = openSync(`/proc/self/fd/${readEnd}`, O_PATH);
  } catch {
    return () => undefined; // Only Linux has this path.
  }
  const timer = setInterval(() => {
    try {
      closeSync(openSync(`/proc/self/fd/${pipe}`, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {
      // No process has the pipe open for reading now.
    }
  }, WAKE_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    closeSync(pipe);
  };
}

function writerOf({ readEnd, writeEnd }: RealPipe): Writable {
  closeSync(readEnd);
  return new Socket({ fd: writeEnd, readable: false, writable: true });
}
