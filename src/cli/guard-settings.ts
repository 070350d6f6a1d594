/** The guard's options on the command line. Each option also has an environment variable. */

import { type Command, InvalidArgumentError } from "commander";
import { type GuardOptions, needsField } from "../guard/guard-options.js";
import { type Mirrors, mirrorsField } from "../guard/rewrite/mirrors.js";
import { EXIT } from "./exit-codes.js";
import { duration } from "./option-values.js";
import { addSettings, listOf, oneOf, type Settings, settingsFrom, yesOrNo } from "./settings.js";
import { CommandError, type Terminal } from "./terminal.js";
import { durationText } from "./time-words.js";

/**
 * The programs whose spans are received: dagger CLIs only (`auto`), all programs, or none (`off`).
 */
export type TracesChoice = "auto" | "all" | "off";

interface SettingValues {
  readonly needs: readonly string[];
  readonly operationTimeout: number;
  readonly connectTimeout: number;
  readonly wait: boolean;
  readonly maxWait: number;
  readonly mirrors: Mirrors;
  readonly pin: number;
  readonly traces: TracesChoice;
  readonly rateLimitOpen: number;
}

/** The options as parsed by commander, with durations in milliseconds. */
export type GuardFlags = Partial<SettingValues>;

const SETTINGS: Settings<GuardFlags> = {
  needs: {
    flags: "--needs <upstreams>",
    variable: "DAGGER_BREAKER_NEEDS",
    description:
      "upstreams that the command needs but does not name, such as registry:ghcr.io,git:github.com",
    read: (text, before = []) =>
      checked(() => needsField.read([...before, ...listOf(text)], "needs")),
  },
  operationTimeout: {
    flags: "--operation-timeout <duration>",
    variable: "DAGGER_BREAKER_OPERATION_TIMEOUT",
    description: "time limit for one request of a session, such as 10m",
    read: duration,
  },
  connectTimeout: {
    flags: "--connect-timeout <duration>",
    variable: "DAGGER_BREAKER_CONNECT_TIMEOUT",
    description: "time limit for opening a session, such as 2m",
    read: duration,
  },
  wait: {
    flags: "--wait",
    variable: "DAGGER_BREAKER_WAIT",
    description: "wait for an open circuit instead of failing at once",
    read: yesOrNo,
  },
  maxWait: {
    flags: "--max-wait <duration>",
    variable: "DAGGER_BREAKER_MAX_WAIT",
    description: "longest wait for an open circuit (default: 5m); implies --wait",
    read: duration,
  },
  mirrors: {
    flags: "--mirrors <pairs>",
    variable: "DAGGER_BREAKER_MIRRORS",
    description: "mirrors for the images of sessions, such as docker.io=mirror.example/hub",
    read: readMirrors,
  },
  pin: {
    flags: "--pin <duration>",
    variable: "DAGGER_BREAKER_PIN",
    description: "use known digests of at most this age for the images of sessions",
    read: duration,
  },
  traces: {
    flags: "--traces <choice>",
    variable: "DAGGER_BREAKER_TRACES",
    description:
      "programs whose engine traces are read: auto (only dagger CLIs), all or off (default: auto)",
    read: oneOf("auto", "all", "off"),
  },
  rateLimitOpen: {
    flags: "--rate-limit-open <duration>",
    variable: "DAGGER_BREAKER_RATE_LIMIT_OPEN",
    description: "shortest time that a rate limit keeps a circuit open (default: 60s)",
    read: duration,
  },
};

export function addGuardFlags(command: Command): Command {
  return addSettings(command, SETTINGS);
}

/**
 * Returns the options of a guard. Options that are not given come from the environment.
 *
 * @throws CommandError that names the variable, its value and the expected value.
 */
export function guardOptionsFrom(given: GuardFlags, env: Terminal["env"]): GuardOptions {
  const setting = settingsFrom(SETTINGS, given, env);
  const maxWaitMs = setting("maxWait");
  const waits = setting("wait") ?? maxWaitMs !== undefined;
  const maxAgeMs = setting("pin");
  return {
    needs: setting("needs"),
    operationTimeoutMs: setting("operationTimeout"),
    onOpen: waits ? "wait" : "reject",
    maxWaitMs,
    mirrors: setting("mirrors"),
    pin: maxAgeMs === undefined ? undefined : { maxAgeMs },
    rateLimitOpenMs: setting("rateLimitOpen"),
  };
}

/**
 * The reset timeout of a circuit, and the longest time that a circuit stays open. The command line
 * has no options for these times.
 */
const RESET_TIMEOUT_MS = 60_000;
const MAX_OPEN_MS = 3_600_000;

/**
 * Rejects a `--rate-limit-open` that would have no effect. Any circuit stays open at least for the
 * reset timeout, and at most for an hour.
 *
 * @throws CommandError that names the option, its value and the expected value.
 */
export function checkRateLimitOpen({ rateLimitOpenMs }: GuardOptions): void {
  if (rateLimitOpenMs === undefined) return;
  const isShort = rateLimitOpenMs < RESET_TIMEOUT_MS;
  if (!isShort && rateLimitOpenMs <= MAX_OPEN_MS) return;
  const why = isShort
    ? "an open circuit always stays open for at least 60s, the reset timeout"
    : "no circuit stays open for longer than 1h";
  throw new CommandError(
    `invalid --rate-limit-open (DAGGER_BREAKER_RATE_LIMIT_OPEN) "${durationText(rateLimitOpenMs)}": ${why}; use a duration from 60s to 1h`,
    EXIT.usage,
  );
}

/** Returns the time limit for opening a session, in milliseconds; undefined for no limit. */
export function connectTimeoutFrom(given: GuardFlags, env: Terminal["env"]): number | undefined {
  return settingsFrom(SETTINGS, given, env)("connectTimeout");
}

/** Returns which programs' traces are received. */
export function tracesFrom(given: GuardFlags, env: Terminal["env"]): TracesChoice {
  return settingsFrom(SETTINGS, given, env)("traces") ?? "auto";
}

/** Matches a pair that contains a scheme, or the name of a circuit in place of a host. */
const NO_HOST = /:\/\/|^registry:(?!\d)/;

/**
 * Reads mirrors. A registry may be given more than once. Its mirrors are asked in the given order.
 */
function readMirrors(text: string, before: Mirrors = {}): Mirrors {
  const mirrors: Record<string, readonly string[]> = { ...before };
  for (const pair of listOf(text)) {
    const [, registry, mirror] = /^([^=@]+)=([^=@]+)$/.exec(pair) ?? [];
    if (registry === undefined || mirror === undefined || NO_HOST.test(pair)) {
      throw new InvalidArgumentError(
        "expected REGISTRY=MIRROR, two hosts without credentials and without https://, such as docker.io=mirror.example/hub",
      );
    }
    mirrors[registry] = [...(mirrors[registry] ?? []), mirror];
  }
  return checked(() => mirrorsField.read(mirrors, "mirrors"));
}

/**
 * Turns an error of the guard's checks into an error of commander, which adds the name and the
 * value of the option.
 */
function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new InvalidArgumentError(/expected .*$/s.exec(message)?.[0] ?? message);
  }
}
