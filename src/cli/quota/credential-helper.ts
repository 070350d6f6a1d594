/** Asks a credential helper of Docker, within a time that holds whatever the helper does. */

import { spawn } from "node:child_process";
import { isatty } from "node:tty";
import { ProcessGroup } from "../../runner/ending/process-group.js";

const MAX_OUTPUT_BYTES = 64 * 1024;
/** How long the output of a helper that has ended may be held open by something it has started. */
const LINGER_MS = 250;
/** What ends us by default, and would leave a helper behind. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a helper. It is ended with all that it has started when it takes too long, or writes more than
 * any answer is long.
 *
 * @returns Its answer, or what went wrong, without a word of its output.
 */
export function askHelper(
  program: string,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<object | string> {
  return new Promise((resolve) => {
    // On a terminal it stays in our group: it may have to ask for a passphrase there.
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
      if (exitCode !== 0) finish("has no credentials for it");
      else finish(parseAnswer(Buffer.concat(chunks).toString("utf8")));
    };
    const timers = [
      setTimeout(() => giveUp(`did not answer within ${Math.ceil(timeoutMs)} ms`), timeoutMs),
    ];
    for (const signal of ENDING) process.on(signal, onSignal);
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) giveUp("wrote more than credentials can be");
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
    // A helper that ends without reading closes the pipe; its exit code tells.
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
