/** The standard streams of a command: those of ours that are no terminal are read as they pass. */

import { fstatSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { isatty } from "node:tty";

/** How the output of a command reaches our own. */
export interface StreamPlan {
  /** `inherit` where ours is a terminal, so that colours and progress stay as they are. */
  readonly stdout: "inherit" | "pipe";
  readonly stderr: "inherit" | "pipe";
  /** Whether both are one: then they share one pipe, so that their order is kept. */
  readonly merged: boolean;
  /** Whether one of our streams, standard input included, is a terminal. */
  readonly hasTerminal: boolean;
}

/** The plan for the streams of this process. */
export function planStreams(): StreamPlan {
  const [stdin, stdout, stderr] = [0, 1, 2].map((stream) => isatty(stream)) as [
    boolean,
    boolean,
    boolean,
  ];
  return {
    stdout: stdout ? "inherit" : "pipe",
    stderr: stderr ? "inherit" : "pipe",
    merged: !stdout && !stderr && isSameFile(1, 2),
    hasTerminal: stdin || stdout || stderr,
  };
}

function isSameFile(one: number, other: number): boolean {
  try {
    const [first, second] = [one, other].map((descriptor) =>
      fstatSync(descriptor, { bigint: true }),
    );
    return first?.dev === second?.dev && first?.ino === second?.ino && process.platform !== "win32";
  } catch {
    return false; // A stream that is closed is none to be shared.
  }
}

/** A command and its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** The command line that has both outputs go into the first. The shell is replaced by the command. */
export function mergingOutputs({ command, args }: CommandLine): CommandLine {
  return { command: "/bin/sh", args: ["-c", 'exec "$@" 2>&1', "sh", command, ...args] };
}

/**
 * Passes a stream on byte for byte, as fast as it is read; when nobody reads any more, the source is
 * ended as well, so that who writes to it finds out.
 */
export async function passOn(
  source: Readable,
  sink: Writable,
  hear: (chunk: Buffer) => void,
): Promise<void> {
  const stop = (): void => void source.unpipe(sink).destroy();
  sink.on("error", stop);
  source.on("data", hear);
  source.pipe(sink, { end: false });
  await finished(source, { writable: false }).catch(() => {});
  sink.off("error", stop);
}
