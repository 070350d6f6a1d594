/**
 * Ends a command whose runner was killed. A SIGKILL from CI or from the out-of-memory killer
 * reaches the runner but not the command, which leads its own process group.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import type { Writable } from "node:stream";
import type { Environment } from "../../traces/environment.js";
import { leakingDescriptors } from "./leaking-descriptors.js";

/** The folders of `sleep` and `rm`, because the command's PATH may lack them. */
const USUAL_PATH = "/usr/bin:/bin";

/** The line that the runner sends at the end of a normal run. */
const GOOD_BYE = "good-bye";

/**
 * The watcher's shell script. Each input line contains the id of a process group, or nothing if
 * there is no group. When the runner's end of the pipe closes, the script ends the last group.
 *
 * The id stays valid meanwhile, because the system does not reuse the id of a group that has
 * members. The script deletes only our own files from the folder. It also works on systems without
 * `sleep 0.1` or `kill --`.
 */
const SCRIPT = `exec >&- 2>&-
trap '' HUP INT TERM
folder=$1
shift
group=
while read -r line; do group=$line; done
[ "$group" != ${GOOD_BYE} ] || exit 0
send() { kill "-$1" "-$group"; }
end() {
  send TERM || return
  tenths=0
  while [ $tenths -lt 20 ]; do
    if sleep 0.1; then tenths=$((tenths + 1)); else sleep 1; tenths=$((tenths + 10)); fi
    send 0 || return
  done
  send KILL
}
[ -z "$group" ] || end
[ -n "$folder" ] || exit 0
for name; do rm -f "$folder/$name"; done
rmdir "$folder"
`;

/** A folder that this process created, and the names of the files in it. */
export interface OwnFolder {
  readonly path: string;
  readonly names: readonly string[];
}

/**
 * The watcher of one run: a shell in its own session. A single pipe connects the shell to the
 * runner.
 */
export class GroupWatcher {
  readonly #env: Environment;
  readonly #folder: OwnFolder | undefined;
  #child: ChildProcess | undefined;

  /**
   * @param env The source of `PATH`, which is the watcher's only variable.
   * @param folder The watcher deletes this folder if the runner dies.
   */
  constructor(env: Environment, folder?: OwnFolder) {
    this.#env = env;
    this.#folder = folder;
  }

  /**
   * Starts the watcher. Call this method before the command starts. Otherwise, on a busy machine, a
   * signal could end this process before the watcher runs.
   */
  prepare(): void {
    if (process.platform !== "win32") this.#child ??= this.#start();
  }

  /**
   * Makes the watcher end this process group if the runner dies before `rest` or `end` is called.
   */
  guard(group: number): void {
    this.prepare();
    this.#say(`${group}`);
  }

  /**
   * Makes the watcher end no group. Call this method when the command has ended, because its
   * background processes must continue.
   */
  rest(): void {
    this.#say("");
  }

  /** Ends the watcher. */
  end(): void {
    this.#say(GOOD_BYE);
    this.#pipe?.end();
  }

  get #pipe(): Writable | undefined {
    return this.#child?.stdin ?? undefined;
  }

  /**
   * Starts the watcher. If the start fails, for example at a limit of processes, the run continues
   * without a watcher.
   */
  #start(): ChildProcess | undefined {
    let nothing: number | undefined;
    try {
      nothing = openSync(devNull, "r");
      const stdio: ("pipe" | "ignore" | number)[] = ["pipe", "ignore", "ignore"];
      // The watcher must not inherit a pipe of our caller. The caller would wait until the watcher
      // closes that pipe.
      for (const descriptor of leakingDescriptors()) stdio[descriptor] = nothing;
      const { path = "", names = [] } = this.#folder ?? {};
      const child = spawn("/bin/sh", ["-c", SCRIPT, "dagger-breaker-watcher", path, ...names], {
        env: { PATH: [this.#env.PATH, USUAL_PATH].filter(Boolean).join(":") },
        cwd: "/",
        detached: true,
        stdio: Array.from(stdio, (one) => one ?? "ignore"),
      });
      child.on("error", () => undefined);
      child.stdin?.on("error", () => undefined);
      (child.stdin as { unref?(): void } | null)?.unref?.();
      child.unref();
      return child;
    } catch {
      return undefined;
    } finally {
      if (nothing !== undefined) closeSync(nothing);
    }
  }

  #say(line: string): void {
    const pipe = this.#pipe;
    if (pipe?.writable === true) pipe.write(`${line}\n`);
  }
}
