/**
 * The meanings of the exit codes of `dagger-breaker`.
 *
 * Apart from 0, our own codes avoid the ranges of other programs:
 * - 0 to 2 belong to shells and dagger
 * - 3 to 14 belong to Node.js
 * - 126 and above belong to shells and signals
 *
 * The codes 64 to 78 have the meanings of sysexits.h, and 124 has the meaning of timeout(1). The
 * codes 30 to 39 mean that a dependency of the pipeline failed, such as a registry. A script can
 * test for this range.
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

/** A row in the help's table of exit codes. */
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
  [EXIT.cancelled, "cancelled: a person or the CI system stopped it"],
  [EXIT.engine, "engine: the Dagger engine or the session to it"],
  [EXIT.registry, "registry: a container registry, its token server or CDN"],
  [EXIT.git, "git: a git host"],
  [EXIT.http, "http: any other HTTP server"],
  [EXIT.service, "service: a service that the pipeline itself starts"],
  [EXIT.cloud, "cloud: a cache back end or the telemetry service"],
  [EXIT.unknown, "unknown: the text does not identify what failed"],
];

export const QUOTA_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "pulls are left, or the registry reports no limit"],
  [EXIT.quotaExhausted, "no pull is left, or the registry answered 429"],
  [EXIT.quotaUnreachable, "the registry gave no usable answer"],
  [EXIT.quotaRefused, "the registry rejected the credentials"],
];

export const MIRRORS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "written or unchanged; every mirror answers, or there is no mirror"],
  [EXIT.mirrorsInvalid, "an engine would reject the file, or it cannot be edited safely"],
  [EXIT.mirrorsFailing, "the file is valid, and a mirror does not answer as a registry"],
  [EXIT.cannotWrite, "the file cannot be written"],
];

export const DIGESTS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "done, even if no digest is known or none was forgotten"],
  [EXIT.cannotWrite, "the file cannot be written"],
];

const STORE_UNREACHABLE: ExitCodeMeaning = [
  EXIT.storeUnreachable,
  "the store did not answer in time",
];

export const STATUS_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "every circuit admits calls, or at least a probe"],
  [EXIT.circuitOpen, "a circuit is isolated, or open and not yet due for a probe"],
  STORE_UNREACHABLE,
];

export const WATCH_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "ended by Ctrl-C or another signal, or the reader of its output has ended"],
  [EXIT.storeUnreachable, "the store did not answer at the start"],
];

export const HISTORY_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "listed, even if there are no changes"],
  STORE_UNREACHABLE,
];

export const ISOLATE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "every named circuit is isolated"],
  STORE_UNREACHABLE,
];

export const RELEASE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "done for every named circuit"],
  [EXIT.circuitUnknown, "the store does not know at least one named circuit; the others are done"],
  STORE_UNREACHABLE,
];

export const SERVE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.ok, "ended by Ctrl-C or another signal"],
  [EXIT.cannotListen, "the address of --listen cannot be used"],
  [EXIT.cannotWrite, "the database cannot be used, or this Node.js has no SQLite"],
];

/**
 * Exit codes that `run` sets itself. In all other cases, `run` exits with the code of its command.
 */
export const RUN_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.rejected, "a circuit rejected the command before an attempt, so it was not started"],
  [EXIT.timedOut, "a time limit of dagger-breaker ended the command"],
];

export const TRACE_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.cannotWrite, "the file of --output cannot be written; the command was not started"],
];

export const SESSION_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.rejected, "the engine's circuit is open, so no session was started"],
  [EXIT.timedOut, "no session was opened in time"],
];

/** The codes that every command can return. */
export const COMMON_EXIT_CODES: readonly ExitCodeMeaning[] = [
  [EXIT.usage, "an option or an argument is wrong"],
  [EXIT.noInput, "a file cannot be read, or has the wrong content"],
  [EXIT.internal, "an error in dagger-breaker itself"],
  [EXIT.notWritten, "the result cannot be written, for example on a full disk"],
];
