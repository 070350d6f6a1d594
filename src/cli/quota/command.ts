/** `dagger-breaker quota`: what is left of a registry's pull limit. */

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
import { EXIT, exitCodeHelp, QUOTA_EXIT_CODES } from "../exit-codes.js";
import { readWhole } from "../input.js";
import { timeoutMs } from "../option-values.js";
import {
  type CommandContext,
  CommandError,
  paintFor,
  printJson,
  printLines,
  say,
  type Terminal,
} from "../terminal.js";
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

const PROBE_EXIT_CODES: Readonly<Record<QuotaProbeFailure, number>> = {
  refused: EXIT.quotaRefused,
  unreachable: EXIT.quotaUnreachable,
  unexpected: EXIT.quotaUnreachable,
};

/** Adds the command. */
export function addQuotaCommand(program: Command, context: CommandContext): void {
  program
    .command("quota")
    .summary("ask a registry how many pulls are left")
    .description(
      "Asks a registry what is left of its pull limit, without spending any of it. Who asks: --username with the password in DOCKER_PASSWORD or on standard input, else who is logged in according to Docker's config.json, else nobody, so that the limit is that of this machine's address. Engines elsewhere have a limit of their own.",
    )
    .argument("[registry]", "the registry", "docker.io")
    .option("--username <name>", "who asks")
    .option("--password-stdin", "read the password from standard input")
    .option("--anonymous", "ask as nobody, whoever is logged in")
    .option("--registry-url <url>", "another registry that speaks the same")
    .option("--auth-url <url>", "its token server")
    .option("--timeout-ms <n>", "milliseconds for all of it, 1 to 600000", timeoutMs, 10_000)
    .option("--json", "print one JSON object")
    .addHelpText("after", exitCodeHelp(QUOTA_EXIT_CODES))
    .action(async (registry: string, options: QuotaOptions) => {
      const { terminal } = context;
      checkUsage(registry, options);
      // One time for all of it: for a credential helper as for the registry.
      const signal = AbortSignal.timeout(options.timeoutMs);
      const credentials = await credentialsFor(registry, options, terminal);
      const quota = await ask(registry, options, credentials, signal);
      context.end(quota.state === "exhausted" ? EXIT.quotaExhausted : EXIT.ok);
      const asked = credentials?.username ?? null;
      if (options.json) printJson(terminal, { ...quota, username: asked });
      else printLines(terminal, quotaLines(quota, asked ?? "nobody", paintFor(terminal)));
    });
}

function checkUsage(registry: string, options: QuotaOptions): void {
  if (options.anonymous && (options.username !== undefined || options.passwordStdin)) {
    throw new CommandError(
      "option --anonymous is given with --username or --password-stdin, expected one or the other",
      EXIT.usage,
    );
  }
  if (options.passwordStdin && options.username === undefined) {
    throw new CommandError(
      "option --username is missing, expected a name with --password-stdin",
      EXIT.usage,
    );
  }
  if (registry.includes("@")) {
    throw new CommandError(
      'registry is one with credentials, expected a host, such as "docker.io"',
      EXIT.usage,
    );
  }
  try {
    quotaEndpoints(registry, options);
  } catch (error) {
    const hint = options.registryUrl === undefined ? " (--registry-url)" : "";
    throw new CommandError(`${(error as Error).message}${hint}`, EXIT.usage);
  }
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
    say(terminal, "asking as nobody: stored credentials of docker.io go to docker.io alone");
    return undefined;
  }
  if (!hub && options.authUrl === undefined) return undefined;
  const of = hub ? "docker.io" : registry;
  const { credentials, note } = await dockerCredentials(of, terminal.env, options.timeoutMs);
  if (note !== undefined) say(terminal, `asking as nobody: ${note}`);
  return credentials;
}

async function readPassword(options: QuotaOptions, terminal: Terminal): Promise<string> {
  const password = options.passwordStdin
    ? (await readWithin(terminal, options.timeoutMs)).replace(/\r?\n$/, "")
    : (terminal.env.DOCKER_PASSWORD ?? "");
  if (password !== "") return password;
  throw new CommandError(
    options.passwordStdin
      ? "standard input is empty, expected the password or access token"
      : "the password is missing, expected it in DOCKER_PASSWORD, or on standard input with --password-stdin",
    EXIT.usage,
  );
}

/** Reads standard input to its end. Somebody who types may take their time. */
async function readWithin(terminal: Terminal, withinMs: number): Promise<string> {
  const read = readWhole("-", terminal);
  if (terminal.stdin.isTTY === true) return read;
  const over = new AbortController();
  const late = sleep(withinMs, undefined, { signal: over.signal }).catch(() => undefined);
  const text = await Promise.race([read, late]);
  over.abort();
  if (text !== undefined) return text;
  terminal.stdin.destroy();
  read.catch(() => undefined);
  throw new CommandError(
    "standard input did not end in time (--timeout-ms), expected the password or access token",
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
      const what = `${registry} did not answer within ${timeoutMs} ms (--timeout-ms), credentials included`;
      throw new CommandError(what, EXIT.quotaUnreachable);
    }
    if (error instanceof QuotaProbeError) {
      throw new CommandError(error.message, PROBE_EXIT_CODES[error.failure]);
    }
    // Only wrong options are left, such as credentials for a server without TLS.
    if (error instanceof RangeError) throw new CommandError(error.message, EXIT.usage);
    throw error;
  }
}
