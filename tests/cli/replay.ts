/** Puts a `dagger` command on PATH that ends as recorded commands did, in the order that a test gives. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./replay-dagger.mjs", import.meta.url));

/** The stand-in for dagger, with what a test needs to run and observe it. */
export interface Replay {
  /** The path of the stand-in, which is a program named `dagger`. */
  readonly dagger: string;
  /** The folder to run the stand-in in. */
  readonly folder: string;
  /** Variables that make a process find the stand-in as `dagger`. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns the tasks performed so far, one word for each start. */
  starts(): string[];
}

/** Creates a stand-in that performs one task per start, and repeats the last task. See replay-dagger.mjs. */
export function replay(inFolder: string, ...tasks: readonly string[]): Replay {
  const folder = mkdtempSync(join(inFolder, "replay-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const dagger = join(bin, "dagger");
  writeFileSync(dagger, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  chmodSync(dagger, 0o755);
  const state = join(folder, "tasks");
  writeFileSync(state, tasks.join("\n"));
  return {
    dagger,
    folder,
    env: { REPLAY: state, PATH: `${bin}:${process.env.PATH ?? ""}` },
    starts() {
      const log = `${state}.log`;
      return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    },
  };
}
