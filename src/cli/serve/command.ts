/** `dagger-breaker serve`: serves the shared circuits of a store to other machines. */

import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { codeOf } from "../../files/error-code.js";
import {
  type FleetServer,
  type MetricsPage,
  type OnStoreError,
  startFleetServer,
} from "../../fleet/http/index.js";
import type { FleetChange } from "../../fleet/rules/reply.js";
import { sqliteStore } from "../../fleet/sqlite/sqlite-store.js";
import type { FleetKey, FleetStore } from "../../fleet/store.js";
import { isFleetStoreError } from "../../fleet/store-error.js";
import { defaultDigestPath } from "../../guard/digests/digest-disk.js";
import { METRICS_CONTENT_TYPE } from "../../telemetry/metrics-text.js";
import { EXIT, SERVE_EXIT_CODES } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { type CommandContext, CommandError, printLines, say, type Terminal } from "../terminal.js";
import { HealthView } from "./health-view.js";
import { type ListenAddress, listenAddress } from "./listen-address.js";
import { MetricsView } from "./metrics-view.js";
import { noticeOf } from "./notify/notice.js";
import { notifiedStore } from "./notify/notified-store.js";
import { Notifier } from "./notify/notifier.js";
import { type NotifyFlags, notifySettingsFrom } from "./notify/notify-settings.js";
import { StoreView } from "./store-view.js";
import { readToken, serverToken } from "./token.js";
import { WriteCheck } from "./write-check.js";

interface ServeFlags {
  readonly listen?: ListenAddress;
  readonly database?: string;
  readonly tokenFile?: string;
  readonly readTokenFile?: string;
}

/** The options as parsed by commander. */
type AllFlags = ServeFlags & NotifyFlags;

const LISTEN = "127.0.0.1:7420";
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The shortest time between two messages about the same problem. */
const TELL_EVERY_MS = 60_000;

const EXAMPLES = [
  "openssl rand -hex 32 > token.txt",
  "dagger-breaker serve --listen 0.0.0.0:7420 --token-file token.txt",
];

export function addServeCommand(program: Command, context: CommandContext): void {
  program
    .command("serve")
    .summary("serve shared circuits to other machines")
    .description(
      "Keeps shared circuits in a SQLite file and serves them over HTTP, for fleets without Redis. It runs until Ctrl-C or another signal. Clients must send the token in DAGGER_BREAKER_STORE_TOKEN or in --token-file. The command needs Node.js 22.13 or later.",
    )
    .option(
      "--listen <address>",
      `the address to listen on, as HOST:PORT (default: ${LISTEN}, reachable only from this machine)`,
      listenAddress,
    )
    .option("--database <file>", "the file of the circuits (default: the one in your cache folder)")
    .option("--token-file <file>", "a file that contains only the token of clients")
    .option(
      "--read-token-file <file>",
      "a file with another token, which permits only GET /metrics and /health/circuits",
    )
    .option(
      "--notify <url>",
      "the URL that gets a message for each opening, closing and isolation, such as a Slack webhook (DAGGER_BREAKER_NOTIFY_URL)",
    )
    .option(
      "--notify-secret-file <file>",
      "a file with the secret, in base64, that signs the messages of --notify",
    )
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(SERVE_EXIT_CODES))
    .action((flags: AllFlags) => serve(flags, context.terminal));
}

async function serve(flags: AllFlags, terminal: Terminal): Promise<void> {
  const { listen = listenAddress(LISTEN), database, tokenFile, readTokenFile } = flags;
  const token = serverToken(tokenFile, terminal.env);
  const scrapeToken = readTokenFile === undefined ? undefined : readToken(readTokenFile, token);
  const notify = notifySettingsFrom(flags, terminal.env);
  const path = databasePath(database, terminal.env);
  const opened = await openDatabase(path);
  const notifier = notify && new Notifier({ ...notify, onLost: onceAMinute(terminal) });
  const store = notifier === undefined ? opened : notifiedStore(opened, noticesTo(notifier));
  try {
    const server = await start({ store, token, scrapeToken, listen, terminal });
    printLines(terminal, [`dagger-breaker serve: listening on ${server.url}, circuits in ${path}`]);
    await signalled();
    await server.close();
    await notifier?.close();
  } finally {
    await store.close();
  }
}

function databasePath(given: string | undefined, env: Terminal["env"]): string {
  if (given !== undefined && given !== "") return resolve(given);
  const digests = defaultDigestPath(env);
  if (given === undefined && digests !== undefined) return join(dirname(digests), "fleet.db");
  throw new CommandError(
    "--database is missing; it is needed because neither HOME nor XDG_CACHE_HOME is set",
    EXIT.usage,
  );
}

async function openDatabase(path: string): Promise<FleetStore> {
  try {
    const store = sqliteStore({ path });
    await store.open();
    return store;
  } catch (error) {
    if (!isFleetStoreError(error)) throw error;
    throw new CommandError(error.message, EXIT.cannotWrite);
  }
}

interface ServerParts {
  readonly store: FleetStore;
  readonly token: string;
  readonly scrapeToken: string | undefined;
  readonly listen: ListenAddress;
  readonly terminal: Terminal;
}

async function start(parts: ServerParts): Promise<FleetServer> {
  const { store, token, scrapeToken, listen, terminal } = parts;
  const report = onceAMinute(terminal);
  const reportError = (error: unknown) =>
    report(isFleetStoreError(error) ? error.message : "the store failed unexpectedly");
  const viewed = { store, onStoreError: reportError };
  const writing = new WriteCheck(viewed);
  let droppedCount = 0;
  const onStoreError: OnStoreError = (error, lostCount) => {
    droppedCount += lostCount;
    writing.note(error);
    reportError(error);
  };
  const view = new StoreView(viewed);
  const health = new HealthView({ ...viewed, view, writing });
  const { kind } = store;
  const page = new MetricsView({ view, writing, kind, droppedCount: () => droppedCount });
  const metrics = scrapeToken === undefined ? undefined : pageOf(page, scrapeToken);
  try {
    return await startFleetServer({ store, token, ...listen, onStoreError, metrics, health });
  } catch (error) {
    const code = codeOf(error);
    const where = `${listen.host}:${listen.port}`;
    throw new CommandError(
      `cannot listen on ${where} (${String(code)}); choose another --listen address`,
      EXIT.cannotListen,
    );
  }
}

/**
 * Returns a function that writes a message, at most once a minute. Messages in between are dropped.
 */
function onceAMinute(terminal: Terminal): (message: string) => void {
  let tellAtMs = 0;
  return (message) => {
    if (performance.now() < tellAtMs) return;
    tellAtMs = performance.now() + TELL_EVERY_MS;
    say(terminal, `dagger-breaker serve: ${message}`);
  };
}

function noticesTo(notifier: Notifier) {
  return (key: FleetKey, change: FleetChange): void => {
    const notice = noticeOf(key, change);
    if (notice !== undefined) notifier.tell(notice);
  };
}

function pageOf(view: MetricsView, token: string): MetricsPage {
  return { token, contentType: METRICS_CONTENT_TYPE, text: () => view.text() };
}

/** Resolves with the first signal. A second signal ends the process at once. */
async function signalled(): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      for (const name of ENDING) process.off(name, end);
      resolve();
    };
    for (const name of ENDING) process.on(name, end);
  });
}
