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

/** Where the script finds `sleep` and `rm`, whatever the command's PATH is. */
const USUAL_PATH = "/usr/bin:/bin";

/** The message to the watcher at the end of a normal run. */
const GOOD_BYE = "good-bye";

/**
 * The watcher's shell script. It reads the id of the process group from each line, empty for none,
 * until our end of the pipe closes; then it ends the last group. The group's id stays valid
 * meanwhile, because the system does not reuse the id of a group with members. Of the folder, the
 * script removes only our files. Some systems lack `sleep 0.1`, others `kill --`.
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

/** A folder of ours, and the names of the files in it. */
export interface OwnFolder {
  readonly path: string;
  readonly names: readonly string[];
}

/** The watcher of one run: a shell, not Node, in its own session, with a single pipe. */
export class GroupWatcher {
  readonly #env: Environment;
  readonly #folder: OwnFolder | undefined;
  #child: ChildProcess | undefined;

  /**
   * @param env The source of `PATH`, the watcher's only variable.
   * @param folder Removed together with the command.
   */
  constructor(env: Environment, folder?: OwnFolder) {
    this.#env = env;
    this.#folder = folder;
  }

  /**
   * Starts the watcher. Call it before the command starts: on a busy machine a start takes long
   * enough for a signal to end us while the command already runs.
   */
  prepare(): void {
    if (process.platform !== "win32") this.#child ??= this.#start();
  }

  /** Makes the watcher end this process group if we die before `rest` or `end`. */
  guard(group: number): void {
    this.prepare();
    this.#say(`${group}`);
  }

  /**
   * Makes the watcher end no group: the command has ended, and background processes that it left
   * must continue.
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
   * Starts the watcher. If that fails, for example at a limit of processes, the run continues
   * without a watcher.
   */
  #start(): ChildProcess | undefined {
    let nothing: number | undefined;
    try {
      nothing = openSync(devNull, "r");
      const stdio: ("pipe" | "ignore" | number)[] = ["pipe", "ignore", "ignore"];
      // The watcher must not inherit a pipe of our caller: the caller would wait until the watcher
      // closes it.
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
