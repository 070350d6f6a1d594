/** Asks a credential helper of Docker, within a time limit. */

import { spawn } from "node:child_process";
import { isatty } from "node:tty";
import { ProcessGroup } from "../../runner/ending/process-group.js";

const MAX_OUTPUT_BYTES = 64 * 1024;
/** How long descendants of the helper may keep the output open after the helper has ended. */
const LINGER_MS = 250;
/** Signals that would end this process and leave the helper running. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a helper. Ends the helper and its descendants if the helper takes too long or writes too
 * much.
 *
 * @returns The helper's JSON object, or a description of the problem. The description contains no
 * output of the helper.
 */
export function askHelper(
  program: string,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<object | string> {
  return new Promise((resolve) => {
    // On a terminal, the helper stays in our process group. So it can ask the user for a
    // passphrase.
    const leads = ![0, 1, 2].some((stream) => isatty(stream));
    const stdio = ["pipe", "pipe", "ignore"] as const;
    const child = spawn(program, ["get"], { env, stdio: [...stdio], detached: leads });
    const group = new ProcessGroup(child, leads);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      group.kill();
      finish("was interrupted");
      process.kill(process.pid, signal);
    };
    const finish = (result: object | string): void => {
      for (const timer of timers) clearTimeout(timer);
      for (const signal of ENDING) process.off(signal, onSignal);
      for (const stream of [child.stdin, child.stdout]) stream?.destroy();
      child.unref();
      resolve(result);
    };
    const giveUp = (problem: string): void => {
      group.kill();
      finish(problem);
    };
    const judge = (exitCode: number | null): void => {
      if (exitCode !== 0) finish("has no credentials for this registry");
      else finish(parseAnswer(Buffer.concat(chunks).toString("utf8")));
    };
    const timers = [
      setTimeout(() => giveUp(`did not answer within ${Math.ceil(timeoutMs)} ms`), timeoutMs),
    ];
    for (const signal of ENDING) process.on(signal, onSignal);
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) giveUp("wrote more output than credentials need");
      else chunks.push(chunk);
    });
    child.on("error", (error: NodeJS.ErrnoException) => finish(`cannot be run (${error.code})`));
    child.on("close", judge);
    child.on("exit", (exitCode) => {
      const lingered = (): void => {
        group.kill();
        judge(exitCode);
      };
      timers.push(setTimeout(lingered, LINGER_MS));
    });
    // A helper may end without reading its input. Our write then fails, but only the exit code of
    // the helper decides.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(key);
  });
}

function parseAnswer(output: string): object | string {
  try {
    const answer: unknown = JSON.parse(output);
    return typeof answer === "object" && answer !== null ? answer : {};
  } catch {
    return "did not answer with JSON";
  }
}
