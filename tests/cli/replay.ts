/** A `dagger` command on PATH that ends as recorded ones did, in the order that a test gives. */

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

/** The stand-in, and what was asked of it. */
export interface Replay {
  /** Where it is as a program named `dagger`. */
  readonly dagger: string;
  /** A folder to run in. */
  readonly folder: string;
  /** The variables that make it the `dagger` of a process. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns its tasks so far, one word for each start. */
  starts(): string[];
}

/** Prepares one that does these things, the last of them for ever: see replay-dagger.mjs. */
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
