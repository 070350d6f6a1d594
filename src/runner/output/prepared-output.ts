/** Plans the output streams of a command, and makes the pipes of its first attempt while other things are prepared. */

import { planStreams, type StreamPlan } from "./child-streams.js";
import { closePipe, openPipes, type RealPipe } from "./real-pipe.js";

type Pipes = readonly RealPipe[] | undefined;

/** The pipes for the attempts of one command. A program makes them, which takes as long as a command to start. */
export class PreparedOutput {
  readonly plan: StreamPlan = planStreams();
  #next: Promise<Pipes> | undefined = this.#open();

  /** The pipes of the next attempt; undefined where the system makes none. */
  take(): Promise<Pipes> {
    const pipes = this.#next ?? this.#open();
    this.#next = undefined;
    return pipes;
  }

  /** Closes what no attempt has taken. */
  close(): void {
    const unused = this.#next;
    this.#next = undefined;
    void unused?.then((pipes) => {
      for (const pipe of pipes ?? []) closePipe(pipe);
    });
  }

  #open(): Promise<Pipes> {
    return openPipes(this.plan.read.map(() => "read"));
  }
}
