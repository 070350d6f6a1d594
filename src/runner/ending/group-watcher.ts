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

/** The place of `sleep` and `rm`, whatever the command's PATH is. */
const USUAL_PATH = "/usr/bin:/bin";

/** The message to the watcher at the end of a normal run. */
const GOOD_BYE = "good-bye";

/**
 * The watcher's script. It reads the group to end, or an empty line for none, until our end of the
 * pipe closes. It keeps looking for the group, because an existing group's number is not reused. It
 * removes only our files from the folder. `sleep` accepts only whole seconds on some systems, and
 * `kill` no `--` on others.
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

  /** Ends a group if we die without a goodbye. */
  guard(group: number): void {
    if (process.platform === "win32") return;
    this.#child ??= this.#start();
    this.#say(`${group}`);
  }

  /** Stops guarding: the command has ended, and what it left behind must stay. */
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
   * Starts the watcher. Without one the run continues: the system may have no process or descriptor
   * left.
   */
  #start(): ChildProcess | undefined {
    let nothing: number | undefined;
    try {
      nothing = openSync(devNull, "r");
      const stdio: ("pipe" | "ignore" | number)[] = ["pipe", "ignore", "ignore"];
      // A pipe of the caller would stay open as long as the watcher lives, and the caller would
      // wait.
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
