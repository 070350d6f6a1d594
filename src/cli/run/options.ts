/** The options of `run`, without the settings of its guard. */

import { InvalidArgumentError } from "commander";
import type { StopTimes } from "../../runner/ending/stop-plan.js";
import type { InputChoice } from "../../runner/input/command-input.js";
import type { RetryLimits } from "../../runner/run-plan.js";
import { EXIT } from "../exit-codes.js";
import type { GuardFlags } from "../guard-settings.js";
import { duration, durationOrNever, fileName, wholeNumber } from "../option-values.js";
import type { OtlpFlags } from "../otlp.js";
import { listOf, oneOf, type Settings, settingsFrom, yesOrNo } from "../settings.js";
import type { ReporterFlags, StoreFlags } from "../store-settings.js";
import { CommandError, type Terminal } from "../terminal.js";
import { durationText } from "../time-words.js";
import { dashboardFrom } from "./dashboard.js";
import { verbOf } from "./idempotent.js";

/**
 * How `run` uses the circuits that the last run of the same command used: not at all, for a
 * warning, or to reject the command.
 */
export type LearnedChoice = "off" | "warn" | "enforce";

/** The options as parsed by commander. */
export interface OwnFlags {
  readonly timeout?: number;
  readonly idleTimeout?: number;
  readonly lostSessionGrace?: number;
  readonly stopGrace?: number;
  readonly killAfter?: number;
  readonly retry?: number;
  readonly retryDelay?: number;
  readonly retryMaxDelay?: number;
  readonly idempotent?: readonly string[];
  readonly stdin?: InputChoice;
  readonly learnt?: LearnedChoice;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly output?: string;
  readonly junit?: string;
}

/** All options of `run`. */
export type RunFlags = GuardFlags & StoreFlags & ReporterFlags & OtlpFlags & OwnFlags;

/** The maximum of `--retry`. If a command needs more attempts, longer waits would help more. */
const MAX_RETRIES = 100;
const LOST_SESSION_GRACE_MS = 60_000;
const NOT_IDEMPOTENT = "the command is not in DAGGER_BREAKER_IDEMPOTENT";
const VERB = /^[^\s,/-][^\s,/]*$/;

export const OWN_SETTINGS: Settings<OwnFlags> = {
  timeout: {
    flags: "--timeout <duration>",
    variable: "DAGGER_BREAKER_TIMEOUT",
    description: "time limit for each attempt, such as 20m",
    read: duration,
  },
  idleTimeout: {
    flags: "--idle-timeout <duration>",
    variable: "DAGGER_BREAKER_IDLE_TIMEOUT",
    description: "end an attempt after this long with neither output nor traces",
    read: duration,
  },
  lostSessionGrace: {
    flags: "--lost-session-grace <duration>",
    variable: "DAGGER_BREAKER_LOST_SESSION_GRACE",
    description:
      "when a program has lost its last session, end it after this long without output or a new session (default: 60s; 0: never)",
    read: durationOrNever,
  },
  stopGrace: {
    flags: "--stop-grace <duration>",
    variable: "DAGGER_BREAKER_STOP_GRACE",
    description: "how long a command may take to end before it is killed (default: 10s)",
    read: duration,
  },
  killAfter: {
    flags: "--kill-after <duration>",
    variable: "DAGGER_BREAKER_KILL_AFTER",
    description:
      "without a terminal: time from the first SIGINT or SIGTERM until everything is killed (default: 7s; 0: never)",
    read: durationOrNever,
  },
  retry: {
    flags: "--retry <n>",
    variable: "DAGGER_BREAKER_RETRY",
    description:
      "retry this many times after transient failures. The option declares that this command is safe to run twice; the variable applies only to commands in --idempotent",
    read: wholeNumber(0, MAX_RETRIES),
  },
  retryDelay: {
    flags: "--retry-delay <duration>",
    variable: "DAGGER_BREAKER_RETRY_DELAY",
    description:
      "upper bound of the delay before the first retry; the bound doubles with each retry, with full jitter (default: 1s)",
    read: duration,
  },
  retryMaxDelay: {
    flags: "--retry-max-delay <duration>",
    variable: "DAGGER_BREAKER_RETRY_MAX_DELAY",
    description: "upper bound of every delay (default: 60s)",
    read: duration,
  },
  idempotent: {
    flags: "--idempotent <verbs>",
    variable: "DAGGER_BREAKER_IDEMPOTENT",
    description:
      "names of functions (of dagger call) or of commands that are safe to run twice, such as test,lint,check",
    read: readVerbs,
  },
  stdin: {
    flags: "--stdin <choice>",
    variable: "DAGGER_BREAKER_STDIN",
    description:
      "standard input of retries: inherit (no retry if it is a pipe) or replay (up to 1 MiB is kept in memory) (default: inherit)",
    read: oneOf("inherit", "replay"),
  },
  learnt: {
    flags: "--learnt <choice>",
    variable: "DAGGER_BREAKER_LEARNT",
    description:
      "what to do if an earlier run of this command used a circuit that is now open: off, warn, or enforce, which rejects the command (default: warn)",
    read: oneOf("off", "warn", "enforce"),
  },
  json: {
    flags: "--json",
    variable: "DAGGER_BREAKER_JSON",
    description: "print the report as one JSON object instead of a closing line",
    read: yesOrNo,
  },
  quiet: {
    flags: "--quiet",
    variable: "DAGGER_BREAKER_QUIET",
    description: "print no lines between attempts, and no closing line after a success",
    read: yesOrNo,
  },
  output: {
    flags: "--output <file>",
    variable: "DAGGER_BREAKER_OUTPUT",
    description:
      "also write the JSON report to a file; a failed write does not change the exit code",
    read: fileName,
  },
  junit: {
    flags: "--junit <file>",
    variable: "DAGGER_BREAKER_JUNIT",
    description: "write a JUnit report to a file; a failed write does not change the exit code",
    read: fileName,
  },
};

/** The checked options of one run. If an option is not given, its variable is used. */
export interface OwnOptions extends RetryLimits {
  readonly timeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly lostSessionGraceMs: number | undefined;
  /** The times between the signals that end the command. */
  readonly stop: Partial<StopTimes>;
  readonly stdin: InputChoice;
  readonly learnt: LearnedChoice;
  readonly json: boolean;
  readonly quiet: boolean | undefined;
  readonly output: string | undefined;
  readonly junit: string | undefined;
  readonly dashboard: string | undefined;
}

/**
 * Reads and checks the options.
 *
 * @throws CommandError that names the variable, its value and the expected value.
 */
export function readOwnOptions(
  given: OwnFlags,
  env: Terminal["env"],
  command: string,
  args: readonly string[],
): OwnOptions {
  const setting = settingsFrom(OWN_SETTINGS, given, env);
  const retries = setting("retry") ?? 0;
  const verbs = setting("idempotent") ?? [];
  const verb = verbOf(command, args);
  const mayRepeat = given.retry !== undefined || (verb !== undefined && verbs.includes(verb));
  return {
    timeoutMs: setting("timeout"),
    idleTimeoutMs: setting("idleTimeout"),
    lostSessionGraceMs: (setting("lostSessionGrace") ?? LOST_SESSION_GRACE_MS) || undefined,
    stop: stopTimes(setting("stopGrace"), setting("killAfter")),
    maxRetries: mayRepeat ? retries : 0,
    whyNoRetries: mayRepeat || retries === 0 ? undefined : NOT_IDEMPOTENT,
    ...delaysFrom(setting),
    stdin: setting("stdin") ?? "inherit",
    learnt: setting("learnt") ?? "warn",
    json: setting("json") ?? false,
    quiet: setting("quiet"),
    output: setting("output"),
    junit: setting("junit"),
    dashboard: dashboardFrom(env),
  };
}

function stopTimes(graceMs: number | undefined, killAfterMs: number | undefined) {
  return {
    ...(graceMs !== undefined && { graceMs }),
    ...(killAfterMs !== undefined && { outsideMs: killAfterMs === 0 ? undefined : killAfterMs }),
  };
}

const DEFAULT_MAX_DELAY_MS = 60_000;

/**
 * Reads the delays between attempts.
 *
 * @throws CommandError when the first delay exceeds the longest delay.
 */
function delaysFrom(setting: (name: "retryDelay" | "retryMaxDelay") => number | undefined) {
  const initialDelayMs = setting("retryDelay");
  const maxDelayMs = setting("retryMaxDelay");
  const limitMs = maxDelayMs ?? DEFAULT_MAX_DELAY_MS;
  if (initialDelayMs !== undefined && initialDelayMs > limitMs) {
    throw new CommandError(
      `--retry-delay (${durationText(initialDelayMs)}) must not exceed --retry-max-delay (${durationText(limitMs)})`,
      EXIT.usage,
    );
  }
  return { initialDelayMs, maxDelayMs };
}

function readVerbs(text: string, before: readonly string[] = []): readonly string[] {
  const verbs = listOf(text);
  if (verbs.length > 0 && verbs.every((verb) => VERB.test(verb))) return [...before, ...verbs];
  throw new InvalidArgumentError(
    "expected names of functions or commands, such as test,lint,check",
  );
}
