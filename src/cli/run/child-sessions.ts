/**
 * Guards the Dagger sessions of a command: the session in its environment, or the sessions that the
 * command opens.
 */

import { chmodSync, readdirSync } from "node:fs";
import { type PrivateFolder, placesForFolders, privateFolder } from "../../files/private-folder.js";
import type { Guard } from "../../guard/guard.js";
import { GuardedSessions, type SessionTraces } from "../../proxy/guarded-sessions.js";
import type { SessionAddress } from "../../proxy/sessions/session-address.js";
import { listenForSessions } from "../../proxy/sessions/session-listener.js";
import { writeLauncher } from "../../proxy/stand-in/launcher.js";
import type { ChildSessions } from "../../runner/run-plan.js";
import type { Environment } from "../../traces/environment.js";
import { ownProgram } from "../own-program.js";
import { loopbackExceptions } from "./loopback-proxy.js";

/** The guarded sessions of one command. */
export interface CommandSessions extends ChildSessions {
  /** Ends the sessions that are still open. */
  close(): Promise<void>;
}

/** The settings for guarding sessions. */
export interface SessionSetting {
  /** Receives the spans of the sessions. The caller closes it. */
  readonly traces: SessionTraces | undefined;
  /** The time limit for opening a session; undefined for no limit. */
  readonly connectTimeoutMs: number | undefined;
}

/** The variable that sets which program an SDK of any language starts as its dagger CLI. */
const CLI = "_EXPERIMENTAL_DAGGER_CLI_BIN";
const REAL_CLI = "DAGGER_BREAKER_CLI";

/**
 * Prepares to guard the sessions of a command other than `dagger`.
 *
 * @param env The environment of the command, before this package adds variables.
 */
export async function guardSessions(
  guard: Guard,
  env: Environment,
  { traces, connectTimeoutMs }: SessionSetting,
): Promise<CommandSessions> {
  const sessions = new GuardedSessions(guard, traces);
  const inherited = inheritedSession(env);
  if (inherited === undefined) {
    return standIn(sessions, env, {
      ...realCli(env),
      ...openingLimit(connectTimeoutMs),
      ...loopbackExceptions(env),
    });
  }
  const { port, token } = await sessions.openInherited(inherited);
  return {
    ...facts(sessions),
    variables: {
      DAGGER_SESSION_PORT: `${port}`,
      DAGGER_SESSION_TOKEN: token,
      DAGGER_BREAKER_PROXY: "1",
      ...loopbackExceptions(env),
    },
    close: () => sessions.close(),
  };
}

/**
 * The mode of the stand-in's folder. Other users can run a file in the folder if they know its
 * name. They cannot list or change the folder.
 */
const ENTERED_BY_ALL = 0o711;

/**
 * Makes SDKs start our stand-in instead of their dagger CLI. Puts the stand-in into the first
 * usable folder.
 */
async function standIn(
  sessions: GuardedSessions,
  env: Environment,
  settings: Readonly<Record<string, string>>,
): Promise<CommandSessions> {
  let firstProblem: unknown;
  for (const place of placesForFolders(env)) {
    try {
      return await standInAt(privateFolder(place), sessions, settings);
    } catch (error) {
      firstProblem ??= error;
    }
  }
  throw firstProblem;
}

async function standInAt(
  folder: PrivateFolder,
  sessions: GuardedSessions,
  settings: Readonly<Record<string, string>>,
): Promise<CommandSessions> {
  try {
    const cli = writeLauncher(folder.path, ownProgram());
    const listener = await listenForSessions(sessions, folder.path);
    // A program may run as another user (`su`, `gosu`), and must be able to run the stand-in too.
    if (process.platform !== "win32") chmodSync(folder.path, ENTERED_BY_ALL);
    return {
      ...facts(sessions),
      folder: { path: folder.path, names: readdirSync(folder.path) },
      variables: {
        [CLI]: cli,
        DAGGER_BREAKER_RUN: listener.path,
        DAGGER_BREAKER_PROXY: "1",
        ...settings,
      },
      async close() {
        await listener.close();
        await sessions.close();
        folder.remove();
      },
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function facts(sessions: GuardedSessions): Omit<ChildSessions, "variables" | "folder"> {
  return {
    onBegin: (listener) => sessions.onBegin(listener),
    onAllLost: (listener) => sessions.onAllLost(listener),
    counts: () => (sessions.begun === 0 ? null : sessions.counts),
    lastRejection: () => sessions.lastRejection,
  };
}

/**
 * If the user has set a dagger CLI for SDKs, returns the variable that makes the stand-in start
 * that CLI.
 */
function realCli(env: Environment): Readonly<Record<string, string>> {
  const given = env[REAL_CLI] || env[CLI];
  return given === undefined || given === "" ? {} : { [REAL_CLI]: given };
}

/**
 * Passes `--connect-timeout` to the stand-in in a variable, because the stand-in gets its arguments
 * from the SDK.
 */
function openingLimit(timeoutMs: number | undefined): Readonly<Record<string, string>> {
  return timeoutMs === undefined ? {} : { DAGGER_BREAKER_CONNECT_TIMEOUT: `${timeoutMs}ms` };
}

function inheritedSession(env: Environment): SessionAddress | undefined {
  const port = Number(env.DAGGER_SESSION_PORT);
  const token = env.DAGGER_SESSION_TOKEN ?? "";
  return Number.isInteger(port) && port > 0 && port < 65_536 && token !== ""
    ? { port, token }
    : undefined;
}
