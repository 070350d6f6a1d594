/** Selects the session for the real operations: one in the environment, one of the CLI, or a session double. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { startDouble } from "./double.js";

/** The session in which operations run. */
export interface ChosenSession {
  readonly kind: "environment" | "cli" | "double";
  /** A sentence with the reason for choosing this session. */
  readonly why: string;
  /** The environment variables with which an SDK uses the session. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the session, if this module opened it. */
  end(): Promise<void>;
}

const CLI_TIMEOUT_MS = 10_000;
const CLI_END_MS = 3000;

/**
 * Returns the session in the environment. Without one, opens a session of the `dagger` CLI. If that fails,
 * starts a session double.
 */
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
  const double = await startDouble();
  return {
    kind: "double",
    why: `No session is in the environment, and ${cli}.`,
    environment: { ...double.environment },
    end: () => double.stop(),
  };
}

/** Opens a session through the CLI. Returns the reason as text when no session opens within 10 s. */
async function openCliSession(cli: string): Promise<ChosenSession | string> {
  const child = spawn(cli, ["session"], { stdio: ["pipe", "pipe", "ignore"] });
  // The CLI may end while we close its input, which causes an error here.
  child.stdin.on("error", () => {});
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(whyNotStarted(cli, error)));
    child.once("close", (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve(`"${cli} session" ended with ${how}`);
    });
  });
  const late = new Promise<string>((resolve) => {
    const why = `"${cli} session" opened none within ${CLI_TIMEOUT_MS / 1000} s`;
    setTimeout(resolve, CLI_TIMEOUT_MS, why).unref();
  });
  const opened = new Promise<Readonly<Record<string, string>>>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const parameters = readParameters(line);
      if (parameters !== undefined) resolve(parameters);
    });
  });
  const result = await Promise.race([opened, ended, late]);
  if (typeof result !== "string") {
    const why = `No session is in the environment, and "${cli} session" opened one.`;
    return { kind: "cli", why, environment: result, end: () => endCli(child) };
  }
  child.kill("SIGKILL");
  child.stdout.destroy();
  return result;
}

function whyNotStarted(cli: string, { code }: NodeJS.ErrnoException): string {
  return code === "ENOENT" ? `there is no "${cli}" program` : `"${cli}" does not start (${code})`;
}

/** Returns the address of the session if the line contains it. A CLI may print other lines too. */
function readParameters(line: string): Readonly<Record<string, string>> | undefined {
  try {
    const { port, session_token: token } = JSON.parse(line) as Record<string, unknown>;
    if (!Number.isInteger(port) || typeof token !== "string") return undefined;
    return { DAGGER_SESSION_PORT: String(port), DAGGER_SESSION_TOKEN: token };
  } catch {
    return undefined;
  }
}

/** Ends a session as the SDK does. Kills a CLI that does not end by itself. */
async function endCli(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.stdin?.end();
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), CLI_END_MS);
  await gone;
  clearTimeout(timer);
}
