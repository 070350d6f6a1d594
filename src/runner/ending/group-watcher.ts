/**
 * Ends a command whose runner was killed. SIGKILL to the process group of a CI job, or from the
 * system when memory is short, reaches us and not the command, which leads a group of its own.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import type { Writable } from "node:stream";
import type { Environment } from "../../traces/environment.js";
import { leakingDescriptors } from "./leaking-descriptors.js";

/** Where `sleep` and `rm` are, whatever the PATH of the command says. */
const USUAL_PATH = "/usr/bin:/bin";

/** What is said to the watcher at the end of a run that ends in order. */
const GOOD_BYE = "good-bye";

/**
 * Reads the group that is to be ended, or an empty line for none, until our end of the pipe closes. As
 * long as a group is seen its number cannot be given to another one, so it is looked for all the time.
 * Of the folder no more is removed than what we put there. `sleep` takes whole seconds alone on some
 * systems, and `kill` no `--` on others.
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

/** A folder of ours, and the names of all that we have put there. */
export interface OwnFolder {
  readonly path: string;
  readonly names: readonly string[];
}

/** The watcher of one run. It is a shell, not Node, in a session of its own, and holds one pipe alone. */
export class GroupWatcher {
  readonly #env: Environment;
  readonly #folder: OwnFolder | undefined;
  #child: ChildProcess | undefined;

  /**
   * @param env Where `PATH` is taken from; the watcher gets no other variable.
   * @param folder What is removed together with the command.
   */
  constructor(env: Environment, folder?: OwnFolder) {
    this.#env = env;
    this.#folder = folder;
  }

  /** Has a group ended should we go without a good-bye. */
  guard(group: number): void {
    if (process.platform === "win32") return;
    this.#child ??= this.#start();
    this.#say(`${group}`);
  }

  /** The command has ended, or was ended: what it has left behind is not to be touched. */
  rest(): void {
    this.#say("");
  }

  /** Says good-bye. */
  end(): void {
    this.#say(GOOD_BYE);
    this.#pipe?.end();
  }

  get #pipe(): Writable | undefined {
    return this.#child?.stdin ?? undefined;
  }

  /** Without a watcher all else goes on: the system may have no process or no descriptor left for one. */
  #start(): ChildProcess | undefined {
    let nothing: number | undefined;
    try {
      nothing = openSync(devNull, "r");
      const stdio: ("pipe" | "ignore" | number)[] = ["pipe", "ignore", "ignore"];
      // A pipe of the caller's would be open, and waited for, as long as the watcher lives.
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
