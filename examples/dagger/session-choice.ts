/** Chooses the session for the real operations: the environment's, the CLI's, or a double. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { startSessionDouble } from "dagger-circuit-breaker/testing";

/** A session to run on. */
export interface ChosenSession {
  readonly kind: "environment" | "cli" | "double";
  /** Why this one, in a sentence. */
  readonly why: string;
  /** What an SDK needs in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends it, if it was opened here. */
  end(): Promise<void>;
}

const CLI_TIMEOUT_MS = 10_000;

/** Takes the session in the environment, else one of the `dagger` CLI, else a session double. */
export async function chooseSession(): Promise<ChosenSession> {
  const { DAGGER_SESSION_PORT, DAGGER_SESSION_TOKEN } = process.env;
  if (DAGGER_SESSION_PORT && DAGGER_SESSION_TOKEN) {
    return {
      kind: "environment",
      why: "DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN are set.",
      environment: { DAGGER_SESSION_PORT, DAGGER_SESSION_TOKEN },
      end: async () => {},
    };
  }
  const cli = await openCliSession(process.env._EXPERIMENTAL_DAGGER_CLI_BIN ?? "dagger");
  if (typeof cli !== "string") return cli;
  const double = await startSessionDouble();
  return {
    kind: "double",
    why: `No session is in the environment, and ${cli}.`,
    environment: { ...double.environment },
    end: () => double.stop(),
  };
}

/** Opens a session through the CLI; returns in words why not when it does not come within 10 s. */
async function openCliSession(cli: string): Promise<ChosenSession | string> {
  const child = spawn(cli, ["session"], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<string>((resolve) => {
    child.once("error", () => resolve(`there is no "${cli}" program`));
    child.once("exit", (code) => resolve(`"${cli} session" ended with exit code ${code}`));
  });
  const late = new Promise<string>((resolve) => {
    setTimeout(resolve, CLI_TIMEOUT_MS, `"${cli} session" opened none within 10 s`).unref();
  });
  const opened = new Promise<Readonly<Record<string, string>>>((resolve) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(readParameters(line)));
  });
  const result = await Promise.race([opened, ended, late]);
  if (typeof result !== "string") {
    const why = `"${cli} session" opened one.`;
    return { kind: "cli", why, environment: result, end: () => endCli(child) };
  }
  child.kill("SIGKILL");
  return result;
}

function readParameters(line: string): Readonly<Record<string, string>> {
  const { port, session_token } = JSON.parse(line) as { port: number; session_token: string };
  return { DAGGER_SESSION_PORT: String(port), DAGGER_SESSION_TOKEN: session_token };
}

async function endCli(child: ReturnType<typeof spawn>): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.stdin?.end();
  child.kill("SIGTERM");
  await gone;
}
