/** `dagger-breaker quota`: shows how many pulls a registry still allows. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { breakerName } from "../../attribution/hosts.js";
import { type Quota, quotaEndpoints } from "../../quota/quota.js";
import {
  probeQuota,
  type QuotaCredentials,
  QuotaProbeError,
  type QuotaProbeFailure,
} from "../../quota/quota-probe.js";
import { EXIT, QUOTA_EXIT_CODES } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { readWhole } from "../input.js";
import { timeout, timeoutMsOption } from "../option-values.js";
import {
  type CommandContext,
  CommandError,
  paintFor,
  printJson,
  printLines,
  say,
  type Terminal,
} from "../terminal.js";
import { durationText } from "../time-words.js";
import { dockerCredentials } from "./docker-config.js";
import { quotaLines } from "./render.js";

interface QuotaOptions {
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly anonymous?: true;
  readonly registryUrl?: string;
  readonly authUrl?: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

/** The options as parsed by commander. */
type QuotaFlags = Omit<QuotaOptions, "timeoutMs"> & {
  readonly timeout?: number;
  readonly timeoutMs?: number;
};

const PROBE_EXIT_CODES: Readonly<Record<QuotaProbeFailure, number>> = {
  refused: EXIT.quotaRefused,
  unreachable: EXIT.quotaUnreachable,
  unexpected: EXIT.quotaUnreachable,
};

const DEFAULT_TIMEOUT_MS = 10_000;
const EXAMPLES = [
  "dagger-breaker quota",
  "dagger-breaker quota --username ci --password-stdin < token.txt",
  "dagger-breaker quota registry.example --registry-url https://registry.example",
];

export function addQuotaCommand(program: Command, context: CommandContext): void {
  program
    .command("quota")
    .summary("ask a registry how many pulls are left")
    .description(
      "Asks a registry how much of its pull limit is left. Asking costs no pull. The account is --username, with the password in DOCKER_PASSWORD or on standard input; otherwise the login in Docker's config.json. Without an account, the limit is that of this machine's IP address, so engines elsewhere have another limit.",
    )
    .argument("[registry]", "the registry", "docker.io")
    .option("--username <name>", "the account")
    .option("--password-stdin", "read the password from standard input")
    .option("--anonymous", "ask without an account, even if Docker is logged in")
    .option(
      "--registry-url <url>",
      "the URL of another registry, which must report its limit as Docker Hub does",
    )
    .option("--auth-url <url>", "the token server of that registry")
    .option("--timeout <duration>", "time limit for the whole command (default: 10s)", timeout)
    .addOption(timeoutMsOption())
    .option("--json", "print one JSON object")
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(QUOTA_EXIT_CODES))
    .action(async (registry: string, { timeout, timeoutMs, ...flags }: QuotaFlags) => {
      const { terminal } = context;
      const options = { ...flags, timeoutMs: timeout ?? timeoutMs ?? DEFAULT_TIMEOUT_MS };
      checkUsage(registry, options);
      // The credential helper and the registry share one time limit.
      const signal = AbortSignal.timeout(options.timeoutMs);
      const credentials = await credentialsFor(registry, options, terminal);
      const quota = await ask(registry, options, credentials, signal);
      context.end(quota.state === "exhausted" ? EXIT.quotaExhausted : EXIT.ok);
      const asked = credentials?.username ?? null;
      if (options.json) printJson(terminal, { ...quota, username: asked });
      else printLines(terminal, quotaLines(quota, asked ?? "no account", paintFor(terminal)));
    });
}

function checkUsage(registry: string, options: QuotaOptions): void {
  if (options.anonymous && (options.username !== undefined || options.passwordStdin)) {
    throw new CommandError(
      "--anonymous conflicts with --username and --password-stdin; use one or the other",
      EXIT.usage,
    );
  }
  if (options.passwordStdin && options.username === undefined) {
    throw new CommandError("--username is missing; --password-stdin needs it", EXIT.usage);
  }
  if (registry.includes("@")) {
    throw new CommandError(
      'invalid <registry>: it has credentials, which are not shown; use a host, such as "docker.io"',
      EXIT.usage,
    );
  }
  try {
    quotaEndpoints(registry, options);
  } catch (error) {
    throw new CommandError(withOptionName((error as Error).message), EXIT.usage);
  }
}

/** Adds the name of the option to the library's error about an address. */
function withOptionName(message: string): string {
  if (message.startsWith("registry is ")) return `${message} (--registry-url)`;
  return message
    .replace(/^registry URL is/, "invalid --registry-url: it is")
    .replace(/^auth URL is/, "invalid --auth-url: it is");
}

async function credentialsFor(
  registry: string,
  options: QuotaOptions,
  terminal: Terminal,
): Promise<QuotaCredentials | undefined> {
  if (options.anonymous) return undefined;
  if (options.username !== undefined) {
    return { username: options.username, password: await readPassword(options, terminal) };
  }
  const hub = breakerName("registry", registry) === "registry:docker.io";
  if (hub && (options.authUrl !== undefined || options.registryUrl !== undefined)) {
    say(
      terminal,
      "asking without an account: stored credentials of docker.io are sent to docker.io only",
    );
    return undefined;
  }
  if (!hub && options.authUrl === undefined) return undefined;
  const of = hub ? "docker.io" : registry;
  const { credentials, note } = await dockerCredentials(of, terminal.env, options.timeoutMs);
  if (note !== undefined) say(terminal, `asking without an account: ${note}`);
  return credentials;
}

async function readPassword(options: QuotaOptions, terminal: Terminal): Promise<string> {
  const password = options.passwordStdin
    ? (await readWithin(terminal, options.timeoutMs)).replace(/\r?\n$/, "")
    : (terminal.env.DOCKER_PASSWORD ?? "");
  if (password !== "") return password;
  throw new CommandError(
    options.passwordStdin
      ? "standard input is empty; expected the password or access token"
      : "the password is missing; put it into DOCKER_PASSWORD, or on standard input with --password-stdin",
    EXIT.usage,
  );
}

/**
 * Reads standard input to its end, within a time limit. The limit does not apply to a user who
 * types in a terminal.
 */
async function readWithin(terminal: Terminal, withinMs: number): Promise<string> {
  const read = readWhole("-", terminal, "the password or access token");
  if (terminal.stdin.isTTY === true) return read;
  const over = new AbortController();
  const late = sleep(withinMs, undefined, { signal: over.signal }).catch(() => undefined);
  const text = await Promise.race([read, late]);
  over.abort();
  if (text !== undefined) return text;
  terminal.stdin.destroy();
  read.catch(() => undefined);
  throw new CommandError(
    `standard input did not end within ${durationText(withinMs)}; end it after the password or access token, or use a longer --timeout`,
    EXIT.usage,
  );
}

async function ask(
  registry: string,
  options: QuotaOptions,
  credentials: QuotaCredentials | undefined,
  signal: AbortSignal,
): Promise<Quota> {
  const { registryUrl, authUrl, timeoutMs } = options;
  try {
    return await probeQuota({
      registry,
      registryUrl,
      authUrl,
      credentials,
      timeoutMs,
      signal,
    });
  } catch (error) {
    if (signal.aborted) {
      const what = `${registry} did not answer within ${durationText(timeoutMs)}, including the time for credentials; --timeout sets the limit`;
      throw new CommandError(what, EXIT.quotaUnreachable);
    }
    if (error instanceof QuotaProbeError) {
      throw new CommandError(error.message, PROBE_EXIT_CODES[error.failure]);
    }
    // A RangeError means that options are invalid, such as credentials for a server without TLS.
    if (error instanceof RangeError) throw new CommandError(error.message, EXIT.usage);
    throw error;
  }
}
