/** The settings of a guard as a command line has them; a variable stands in for each option. */

import { type Command, InvalidArgumentError } from "commander";
import { type GuardOptions, needsField } from "../guard/guard-options.js";
import { type Mirrors, mirrorsField } from "../guard/mirrors.js";
import { EXIT } from "./exit-codes.js";
import { duration } from "./option-values.js";
import { CommandError, type Terminal } from "./terminal.js";

/** Which programs send their spans to us: what is known to be a dagger CLI, all, or none. */
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

/** The options as commander gives them; durations are in milliseconds by then. */
export type GuardFlags = Partial<SettingValues>;

/** One setting: its option, the variable that stands in for it, and how either is read. */
interface Setting<T> {
  readonly flags: string;
  readonly variable: string;
  readonly description: string;
  /** Reads a text; what an option that may be repeated had before comes along. */
  read(text: string, before?: T): T;
}

type Settings = { readonly [K in keyof SettingValues]: Setting<SettingValues[K]> };

const SETTINGS: Settings = {
  needs: {
    flags: "--needs <upstreams>",
    variable: "DAGGER_BREAKER_NEEDS",
    description:
      "upstreams that are needed without being named, as registry:ghcr.io,git:github.com",
    read: (text, before = []) =>
      checked(() => needsField.read([...before, ...list(text)], "needs")),
  },
  operationTimeout: {
    flags: "--operation-timeout <duration>",
    variable: "DAGGER_BREAKER_OPERATION_TIMEOUT",
    description: "how long one request of a session may take",
    read: duration,
  },
  connectTimeout: {
    flags: "--connect-timeout <duration>",
    variable: "DAGGER_BREAKER_CONNECT_TIMEOUT",
    description: "how long a session may take to open",
    read: duration,
  },
  wait: {
    flags: "--wait",
    variable: "DAGGER_BREAKER_WAIT",
    description: "wait for a circuit that is open instead of being rejected",
    read: yesOrNo,
  },
  maxWait: {
    flags: "--max-wait <duration>",
    variable: "DAGGER_BREAKER_MAX_WAIT",
    description: "the longest such wait, 5m unless told otherwise; implies --wait",
    read: duration,
  },
  mirrors: {
    flags: "--mirrors <pairs>",
    variable: "DAGGER_BREAKER_MIRRORS",
    description: "mirrors of registries for images of sessions, as docker.io=mirror.example/hub",
    read: readMirrors,
  },
  pin: {
    flags: "--pin <duration>",
    variable: "DAGGER_BREAKER_PIN",
    description: "take images of sessions by digests that are known and no older than this",
    read: duration,
  },
  traces: {
    flags: "--traces <choice>",
    variable: "DAGGER_BREAKER_TRACES",
    description: "who sends the engine's traces to us: auto (a dagger CLI), all or off",
    read: readTraces,
  },
  rateLimitOpen: {
    flags: "--rate-limit-open <duration>",
    variable: "DAGGER_BREAKER_RATE_LIMIT_OPEN",
    description: "how long an upstream is left alone at least after a rate limit, 60s by default",
    read: duration,
  },
};

/** Adds the options to a command. */
export function addGuardFlags(command: Command): Command {
  for (const { flags, variable, description, read } of Object.values(SETTINGS)) {
    const described = `${description} (${variable})`;
    if (flags.includes("<")) command.option(flags, described, read as (text: string) => unknown);
    else command.option(flags, described);
  }
  return command;
}

/**
 * The options of a guard. What is not given is taken from the environment.
 *
 * @throws CommandError naming the variable, its value and what was expected.
 */
export function guardOptionsFrom(given: GuardFlags, env: Terminal["env"]): GuardOptions {
  const setting = settingsFrom(given, env);
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

/** How long a session may take to open, in milliseconds; no limit when undefined. */
export function connectTimeoutFrom(given: GuardFlags, env: Terminal["env"]): number | undefined {
  return settingsFrom(given, env)("connectTimeout");
}

/** Whose traces are read. */
export function tracesFrom(given: GuardFlags, env: Terminal["env"]): TracesChoice {
  return settingsFrom(given, env)("traces") ?? "auto";
}

/** Gives each setting by its name: the option, else the variable unless it is empty. */
function settingsFrom(given: GuardFlags, env: Terminal["env"]) {
  return <K extends keyof Settings>(name: K): SettingValues[K] | undefined => {
    if (given[name] !== undefined) return given[name];
    const { variable, read }: Setting<SettingValues[K]> = SETTINGS[name];
    const text = env[variable]?.trim() ?? "";
    return text === "" ? undefined : readVariable(variable, text, read);
  };
}

/** Reads a variable that stands in for an option. */
export function readVariable<T>(variable: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const shown = text.includes("@") ? "of no use" : JSON.stringify(text.slice(0, 200));
    throw new CommandError(`${variable} is ${shown}. ${error.message}`, EXIT.usage);
  }
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

function yesOrNo(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("Expected 1 or 0.");
}

function readTraces(text: string): TracesChoice {
  if (text === "auto" || text === "all" || text === "off") return text;
  throw new InvalidArgumentError("Expected auto, all or off.");
}

/** A registry may be named more than once: its mirrors are asked in the order given. */
function readMirrors(text: string, before: Mirrors = {}): Mirrors {
  const mirrors: Record<string, readonly string[]> = { ...before };
  for (const pair of list(text)) {
    const [, registry, mirror] = /^([^=@]+)=([^=@]+)$/.exec(pair) ?? [];
    if (registry === undefined || mirror === undefined) {
      throw new InvalidArgumentError(
        "Expected REGISTRY=MIRROR without credentials, such as docker.io=mirror.example/hub.",
      );
    }
    mirrors[registry] = [...(mirrors[registry] ?? []), mirror];
  }
  return checked(() => mirrorsField.read(mirrors, "mirrors"));
}

/** Says what the checks of the guard say, as commander wants to hear it. */
function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
