/**
 * Plans the output streams of a command, and creates the pipes of its first attempt in the
 * background.
 */

import { planStreams, type StreamPlan } from "./child-streams.js";
import { closePipe, openPipes, type RealPipe } from "./real-pipe.js";

type Pipes = readonly RealPipe[] | undefined;

/**
 * The pipes for the attempts of one command. Creating them takes as long as starting a command,
 * because the program `mkfifo` has to run. So the pipes of the first attempt are created early.
 */
export class PreparedOutput {
  readonly plan: StreamPlan = planStreams();
  #next: Promise<Pipes> | undefined = this.#open();
  #closed: Promise<void> = Promise.resolve();

  /** Returns the pipes of the next attempt; undefined if the system has no named pipes. */
  take(): Promise<Pipes> {
    const pipes = this.#next ?? this.#open();
    this.#next = undefined;
    return pipes;
  }

  /** Closes unused pipes. Later calls have no effect. */
  close(): Promise<void> {
    const unused = this.#next;
    this.#next = undefined;
    if (unused !== undefined) this.#closed = closeAll(unused);
    return this.#closed;
  }

  #open(): Promise<Pipes> {
    return openPipes(this.plan.read.map(() => "read"));
  }
}

async function closeAll(pipes: Promise<Pipes>): Promise<void> {
  for (const pipe of (await pipes) ?? []) closePipe(pipe);
}
