/** Plans the output streams of a command, and makes the pipes of its first attempt while other things are prepared. */

import { planStreams, type StreamPlan } from "./child-streams.js";
import { closePipe, openPipes, type RealPipe } from "./real-pipe.js";

type Pipes = readonly RealPipe[] | undefined;

/** The pipes for the attempts of one command. A program makes them, which takes as long as a command to start. */
export class PreparedOutput {
  readonly plan: StreamPlan = planStreams();
  #next: Promise<Pipes> | undefined = this.#open();
  #closed: Promise<void> = Promise.resolve();

  /** The pipes of the next attempt; undefined where the system makes none. */
  take(): Promise<Pipes> {
    const pipes = this.#next ?? this.#open();
    this.#next = undefined;
    return pipes;
  }

  /** Closes what no attempt has taken. Resolves once nothing is left of it; may be called again. */
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
