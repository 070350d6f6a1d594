/**
 * What the exit codes of `dagger-breaker` mean.
 *
 * They keep clear of what others use: 0 to 2 by shells and by dagger, 3 to 14 by Node itself, 126 and
 * above by shells and signals. 64 to 78 are those of sysexits.h, in its meaning; 124 is that of
 * timeout(1). 30 to 39 are faults of what a pipeline depends on, so that a script can ask for the range.
 */

import type { Fault } from "../attribution/failure.js";

export const EXIT = {
  ok: 0,
  user: 20,
  cancelled: 21,
  engine: 30,
  registry: 31,
  git: 32,
  http: 33,
  service: 34,
  cloud: 35,
  unknown: 40,
  quotaExhausted: 50,
  quotaUnreachable: 51,
  quotaRefused: 52,
  circuitOpen: 56,
  circuitUnknown: 57,
  mirrorsInvalid: 60,
  mirrorsFailing: 61,
  usage: 64,
  noInput: 66,
  storeUnreachable: 69,
  internal: 70,
  cannotListen: 71,
  cannotWrite: 73,
  notWritten: 74,
  rejected: 75,
  timedOut: 124,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A line of a table of exit codes. */
export type ExitCodeMeaning = readonly [code: ExitCode, meaning: string];

/** The exit code of `classify` for each fault. */
export const FAULT_EXIT_CODES: Readonly<Record<Fault, ExitCode>> = {
  user: EXIT.user,
  cancelled: EXIT.cancelled,
  engine: EXIT.engine,
  registry: EXIT.registry,
  git: EXIT.git,
  http: EXIT.http,
  service: EXIT.service,
  cloud: EXIT.cloud,
  unknown: EXIT.unknown,
};

export const CLASSIFY_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "no failure: the answer has no errors, or --exit-code is 0"],
  [EXIT.user, "user: a command that failed, a wrong name, a missing permission"],
  [EXIT.cancelled, "cancelled: somebody stopped it"],
  [EXIT.engine, "engine: the Dagger engine or the session to it"],
  [EXIT.registry, "registry: a container registry, its token server or CDN"],
  [EXIT.git, "git: a git host"],
  [EXIT.http, "http: any other HTTP server that was asked"],
  [EXIT.service, "service: a service that the pipeline itself starts"],
  [EXIT.cloud, "cloud: a cache back end or the telemetry service"],
  [EXIT.unknown, "unknown: the words do not tell"],
];

export const QUOTA_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "pulls are left, or the registry states no limit"],
  [EXIT.quotaExhausted, "no pull is left, or the registry answered 429"],
  [EXIT.quotaUnreachable, "the registry did not answer, or not in a way that tells"],
  [EXIT.quotaRefused, "the credentials were refused"],
];

export const MIRRORS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "written, or nothing to change; every mirror answers, or there is none"],
  [
    EXIT.mirrorsInvalid,
    "an engine would not take the file, or it cannot be edited safely, as beside an engine.toml",
  ],
  [EXIT.mirrorsFailing, "the file is valid, and a mirror does not answer as a registry"],
  [EXIT.cannotWrite, "the file cannot be written"],
];

export const DIGESTS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "done, also when no digest is known or nothing was to be forgotten"],
  [EXIT.cannotWrite, "the file cannot be written"],
];

const STORE_UNREACHABLE: ExitCodeMeaning = [
  EXIT.storeUnreachable,
  "the store cannot be reached, or does not answer in time",
];

export const STATUS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "every circuit asked for lets calls in, if only those that probe"],
  [EXIT.circuitOpen, "a circuit asked for is isolated, or open and its time is not over"],
  STORE_UNREACHABLE,
];

export const WATCH_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "ended by ctrl-C or another signal, or nobody reads it any more"],
  [EXIT.storeUnreachable, "the store could not be reached at its start"],
];

export const HISTORY_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "listed, also when nothing has happened"],
  STORE_UNREACHABLE,
];

export const ISOLATE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "every circuit named is isolated"],
  STORE_UNREACHABLE,
];

export const RELEASE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "done for every circuit named"],
  [EXIT.circuitUnknown, "the store does not know a circuit; it was done for all others"],
  STORE_UNREACHABLE,
];

export const SERVE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "ended by ctrl-C or another signal"],
  [EXIT.cannotListen, "it cannot listen at that address"],
  [EXIT.cannotWrite, "the database cannot be used, or this Node.js has no SQLite"],
];

/** What `run` ends with of its own accord, and `session` with the first; else as their command does. */
export const RUN_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.rejected, "a circuit refused the command, which was not started (again)"],
  [EXIT.timedOut, "a time-out of ours ended the command"],
];

export const SESSION_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.rejected, "the engine's circuit is open, so no session was started"],
  [EXIT.timedOut, "no session was opened in the time that it had"],
];

/** What every command may end with besides. */
export const COMMON_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.usage, "an option or an argument is wrong"],
  [EXIT.noInput, "a file cannot be read, or is not what it should be"],
  [EXIT.internal, "an error in dagger-breaker itself"],
  [EXIT.notWritten, "the result cannot be written, as on a full disk"],
];

/** A table of exit codes as it stands at the end of a help text. */
export function exitCodeHelp(meanings: readonly ExitCodeMeaning[]): string {
  const lines = [...meanings, ...COMMON_EXIT_CODES]
    .sort(([one], [other]) => one - other)
    .map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}
